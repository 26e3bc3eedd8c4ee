import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { SSL_REQUEST } from "./client-frames.ts";
import { WireClient } from "./wire-client.ts";

/** A connection that has asked for TLS and was given it. */
export async function tlsSocket(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = await plainSocket(port);
  socket.write(SSL_REQUEST);
  const answer = await nextChunk(socket);
  if (answer.toString("latin1") !== "S")
    throw new Error(`SSLRequest: ${answer.toString("latin1")}`);
  return secured(connectTls({ ...options, socket }));
}

/** As PostgreSQL 17's `sslnegotiation=direct`: the handshake comes first. */
export async function directTlsSocket(
  port: number,
  options: ConnectionOptions,
): Promise<TLSSocket> {
  return secured(connectTls({ host: "127.0.0.1", port, ...options }));
}

export async function tlsClient(port: number, options: ConnectionOptions): Promise<WireClient> {
  return WireClient.over({ host: "127.0.0.1", port }, await tlsSocket(port, options));
}

export async function plainSocket(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  return socket;
}

/** What comes next, or nothing if the connection is closed instead. */
export function nextChunk(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    const leave = (chunk: Buffer) => {
      socket.off("data", leave);
      socket.off("close", closed);
      resolve(chunk);
    };
    const closed = () => leave(Buffer.alloc(0));
    socket.on("data", leave);
    socket.on("close", closed);
    socket.on("error", () => undefined);
  });
}

async function secured(socket: TLSSocket): Promise<TLSSocket> {
  await once(socket, "secureConnect");
  return socket;
}

function once(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed")));
  });
}
