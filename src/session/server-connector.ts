import { createConnection, type Socket } from "node:net";
import { readingInto } from "./sockets.ts";

/** Where PostgreSQL is. */
export type ServerTarget =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly socket: string };

/** Whoever wants a connection to the server. One of `opened` and `failed` is called, once. */
export interface ServerUser {
  /** The first packet may be sent. From now on the socket's end is the user's business. */
  opened(socket: Socket): void;
  failed(error: Error): void;
  /** What the server sends, once the connection is open. */
  take(chunk: Buffer): void;
}

/**
 * Makes a connection to the server, up to where the first packet may be sent, in at most `timeoutMs`.
 * Gives what calls it off. The host's name is looked up anew each time.
 */
export function connectServer(
  target: ServerTarget,
  timeoutMs: number,
  user: ServerUser,
): () => void {
  const onread = readingInto((chunk) => user.take(chunk));
  const socket =
    target.kind === "tcp"
      ? createConnection({ host: target.host, port: target.port, noDelay: true, onread })
      : createConnection({ path: target.socket, onread });
  const timer = setTimeout(() => socket.destroy(new Error("it did not answer in time")), timeoutMs);
  const leave = () => {
    clearTimeout(timer);
    socket.off("connect", opened);
    socket.off("error", failed);
  };
  const opened = () => {
    leave();
    user.opened(socket);
  };
  const failed = (error: Error) => {
    leave();
    user.failed(error);
  };
  socket.on("connect", opened);
  socket.on("error", failed);
  return () => {
    leave();
    socket.on("error", () => undefined);
    socket.destroy();
  };
}
