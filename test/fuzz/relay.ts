import { connect, createServer, type Server, type Socket } from "node:net";
import type { Address } from "../support/wire-client.ts";
import { brokenAnswer, chunked } from "./mutations.ts";
import type { Random } from "./random.ts";

/** What a relay does to the answers of one conversation. */
export interface Breaking {
  readonly random: Random;
  /** Which of the server's messages are broken, counted from its first. */
  readonly places: ReadonlySet<number>;
  /** What was sent in place of the server's bytes. */
  readonly sent: Buffer[];
}

/**
 * A server whose answers are wrong: a real one's, on their way to Straddle. Unlike recorded answers
 * they also fit what Straddle asks on its own. Straddle's control connection is left alone.
 */
export class Relay {
  /** For the next session. */
  breaking: Breaking | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #target: Address;

  constructor(target: Address) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (socket) => this.#relay(socket));
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, "127.0.0.1", () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The server is gone, for all sessions but Straddle's own. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #relay(client: Socket): void {
    const server = connect({ ...this.#target, noDelay: true });
    let breaking: Breaking | undefined;
    let isFirst = true;
    client.on("data", (chunk: Buffer) => {
      if (isFirst && !chunk.includes("application_name\0straddle\0")) {
        breaking = this.breaking;
        this.#sockets.add(client);
        this.#sockets.add(server);
      }
      isFirst = false;
      server.write(chunk);
    });
    let received: Buffer = Buffer.alloc(0);
    let count = 0;
    server.on("data", (chunk: Buffer) => {
      if (breaking === undefined) {
        client.write(chunk);
        return;
      }
      received = Buffer.concat([received, chunk]);
      while (received.length >= 5) {
        const size = 1 + received.readInt32BE(1);
        if (received.length < size) return;
        const message = received.subarray(0, size);
        received = received.subarray(size);
        const isBroken = breaking.places.has(count++);
        const bytes = isBroken ? brokenAnswer(message, breaking.random) : message;
        breaking.sent.push(bytes);
        const chunks = isBroken ? chunked(bytes, breaking.random) : [bytes];
        for (const each of chunks) if (client.writable) client.write(each);
      }
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.end();
      });
    }
  }
}
