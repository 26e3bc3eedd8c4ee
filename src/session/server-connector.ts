import { createConnection, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { SSL_REQUEST_BYTES } from "../wire/startup.ts";
import {
  afterSslAnswer,
  protocolProblem,
  reasonOf,
  type ServerTls,
  tlsOptions,
} from "./server-tls.ts";
import { keepalive, readingInto, readOn } from "./sockets.ts";

/** Where PostgreSQL is, and how to speak to it: without `tls` in plain. */
export type ServerTarget =
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      /** Silence after which the system asks whether the server is still there; 0 is never. */
      readonly keepaliveMs: number;
      readonly tls?: ServerTls | undefined;
    }
  | { readonly kind: "unix"; readonly socket: string };

/** Whoever wants a connection to the server. One of `opened` and `failed` is called, once, later on. */
export interface ServerUser {
  /** The first packet may be sent. From now on the socket's end is the user's business. */
  opened(socket: Socket): void;
  failed(error: Error): void;
  /** What the server sends, once the connection is open. */
  take(chunk: Buffer): void;
}

/**
 * Makes a connection to the server, up to where the first packet may be sent, in at most `timeoutMs`:
 * TLS included, if it is wanted. Gives what calls it off. The host's name is looked up anew each time.
 */
export function connectServer(
  target: ServerTarget,
  timeoutMs: number,
  user: ServerUser,
): () => void {
  const connecting = new Connecting({ target, timeoutMs, user });
  return () => connecting.leave();
}

/** How long one of several addresses of a name may take before the next one is tried. */
const ADDRESS_TIMEOUT_MS = 1_000;

/** A connection on its way. What is decided is in `server-tls.ts`; the sockets are here. */
class Connecting {
  readonly #target: ServerTarget;
  readonly #user: ServerUser;
  readonly #timer: NodeJS.Timeout;
  /** Lets go of the socket at hand. */
  #unwatch: () => Socket | undefined = () => undefined;
  #isOver = false;

  constructor(options: {
    readonly target: ServerTarget;
    readonly timeoutMs: number;
    readonly user: ServerUser;
  }) {
    const { target, timeoutMs } = options;
    this.#target = target;
    this.#user = options.user;
    this.#timer = setTimeout(() => this.#fail(new Error("it did not answer in time")), timeoutMs);
    if (target.kind === "tcp" && target.tls !== undefined) this.#ask(target, target.tls);
    else this.#connectPlain();
  }

  /** Calls it off, if it is not over. */
  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    discard(this.#unwatch());
  }

  #connectPlain(): void {
    const target = this.#target;
    const onread = readingInto((chunk) => this.#user.take(chunk));
    const socket =
      target.kind === "tcp"
        ? createConnection({ ...tcpOptions(target), onread })
        : createConnection({ path: target.socket, onread });
    this.#watch(socket, (error) => this.#fail(error));
    socket.once("connect", () => this.#open(socket));
  }

  #ask(target: TcpTarget, tls: ServerTls): void {
    // Without `onread`, which could not be taken from the socket again when TLS is laid over it.
    const socket = createConnection(tcpOptions(target));
    this.#watch(socket, (error) => this.#fail(error));
    socket.once("connect", () => {
      if (tls.negotiation === "direct") {
        this.#encrypt(socket, tls);
        return;
      }
      socket.once("data", (answer: Buffer) => this.#answered(socket, tls, answer));
      socket.write(SSL_REQUEST_BYTES);
    });
  }

  #answered(socket: Socket, tls: ServerTls, answer: Buffer): void {
    if (this.#isOver) return;
    const next = afterSslAnswer(answer, tls.mode);
    switch (next.kind) {
      case "encrypt":
        this.#encrypt(socket, tls);
        return;
      case "plain":
        this.#unwatch();
        this.#open(readOn(socket, (chunk) => this.#user.take(chunk)));
        return;
      case "plain_anew":
        discard(this.#unwatch());
        this.#connectPlain();
        return;
      case "fail":
        this.#fail(new Error(next.because));
    }
  }

  #encrypt(socket: Socket, tls: ServerTls): void {
    let options: ReturnType<typeof tlsOptions>;
    try {
      options = tlsOptions(tls, tls.readFiles());
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const secured = connectTls({ ...options, socket });
    socket.on("error", (error) => secured.destroy(error));
    this.#watch(secured, (error) => this.#notEncrypted(tls, error));
    secured.once("secureConnect", () => {
      if (this.#isOver) return;
      const problem = protocolProblem(tls, secured.alpnProtocol);
      if (problem !== undefined) {
        this.#fail(new Error(problem));
        return;
      }
      secured.on("data", (chunk: Buffer) => this.#user.take(chunk));
      this.#open(secured);
    });
  }

  /** As libpq has it, `prefer` is content without TLS also where the handshake fails. */
  #notEncrypted({ mode }: ServerTls, error: Error): void {
    if (mode === "prefer") {
      discard(this.#unwatch());
      this.#connectPlain();
      return;
    }
    this.#fail(new Error(`TLS with the server failed: ${reasonOf(error)}`, { cause: error }));
  }

  /** What goes wrong with this socket is told to `failed`, and with none before. */
  #watch(socket: Socket, failed: (error: Error) => void): void {
    this.#unwatch();
    const closed = () => failed(new Error("the server closed the connection"));
    socket.on("error", failed);
    socket.on("close", closed);
    this.#unwatch = () => {
      socket.off("error", failed);
      socket.off("close", closed);
      return socket;
    };
  }

  #open(socket: Socket): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#unwatch();
    this.#user.opened(socket);
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.leave();
    this.#user.failed(error);
  }
}

type TcpTarget = Extract<ServerTarget, { readonly kind: "tcp" }>;

/** All addresses of the name are tried, in turn. */
function tcpOptions({ host, port, keepaliveMs }: TcpTarget) {
  return {
    host,
    port,
    noDelay: true,
    ...keepalive(keepaliveMs),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
  };
}

function discard(socket: Socket | undefined): void {
  socket?.on("error", () => undefined);
  socket?.destroy();
}
