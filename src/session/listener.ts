import { createServer, type Server, type Socket } from "node:net";
import { encodeErrorResponse } from "../wire/encode.ts";
import { ProtocolError } from "../wire/protocol-error.ts";
import { decodeStartup, type StartupPacket } from "../wire/startup.ts";
import { fatalFields } from "./refusal.ts";
import { Session } from "./session.ts";
import type { SessionContext } from "./session-context.ts";
import { finish } from "./sockets.ts";

export interface ListenerOptions {
  readonly context: SessionContext;
  readonly sessionsMax: number;
}

/** The answer to SSLRequest and GSSENCRequest: go on in plain text. */
const NO = Buffer.from("N");

/**
 * Accepts clients, reads their first packet, and makes sessions of them. Owns the listening sockets
 * and the list of sessions.
 */
export class Listener {
  readonly #context: SessionContext;
  readonly #sessionsMax: number;
  readonly #servers: Server[] = [];
  readonly #sessions = new Set<Session>();
  readonly #strangers = new Set<Socket>(); // Connected, but no session yet.
  #lastId = 0;
  #isStopping = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#context = options.context;
    this.#sessionsMax = options.sessionsMax;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Listens on a TCP address or a Unix socket; gives the port, 0 for a socket. Rejects if it can't. */
  listen(address: { host: string; port: number } | { path: string }): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => this.#greet(socket));
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(address, () => {
        server.off("error", reject);
        server.on("error", (error) => this.#context.report("a listening socket failed", error));
        const bound = server.address();
        resolve(typeof bound === "object" && bound !== null ? bound.port : 0);
      });
    });
  }

  /**
   * Stops accepting, lets each session end at its next transaction boundary, and ends what is left
   * after `deadlineMs`. Resolves when all sessions have ended.
   */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true;
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const stranger of this.#strangers) stranger.destroy();
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const session of [...this.#sessions]) session.drain();
    const timer = setTimeout(() => {
      for (const session of [...this.#sessions]) {
        session.fail(
          "57P01",
          "terminating connection because straddle is shutting down",
          "shutdown",
        );
      }
    }, deadlineMs);
    if (this.#sessions.size > 0) await empty;
    clearTimeout(timer);
    await Promise.all(closed);
  }

  #greet(client: Socket): void {
    this.#strangers.add(client);
    let received: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => client.destroy(), this.#context.limits.startupMs);
    const leave = () => {
      clearTimeout(timer);
      this.#strangers.delete(client);
      client.off("data", onData);
    };
    const onData = (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      try {
        for (let decoded = decodeStartup(received); decoded; decoded = decodeStartup(received)) {
          received = received.subarray(decoded.size);
          if (decoded.packet.kind === "ssl_request" || decoded.packet.kind === "gssenc_request") {
            client.write(NO);
            continue;
          }
          leave();
          this.#begin(client, decoded.packet, received);
          return;
        }
      } catch (error) {
        leave();
        // A length out of bounds is no PostgreSQL client's: like the server, not a word to it.
        if (error instanceof ProtocolError && error.code === "startup_size") client.destroy();
        else this.#refuse(client, "08P01", error instanceof Error ? error.message : "");
      }
    };
    client.on("data", onData);
    client.on("error", leave);
    client.on("close", leave);
  }

  #begin(client: Socket, packet: StartupPacket, rest: Buffer): void {
    if (packet.kind === "cancel_request") {
      this.#cancel(client, packet.bytes);
      return;
    }
    if (packet.kind !== "startup") return;
    const context = this.#context;
    const refusal = this.#whyNot(packet.parameters);
    if (refusal !== undefined) {
      this.#refuse(client, refusal.sqlstate, refusal.message);
      return;
    }
    this.#lastId += 1;
    const session = new Session({
      id: this.#lastId,
      client,
      clientAddress: addressOf(client),
      packet,
      rest: Buffer.from(rest),
      context,
      onEnd: (ended) => {
        this.#sessions.delete(ended);
        if (this.#sessions.size === 0) this.#onEmpty?.();
      },
    });
    this.#sessions.add(session);
  }

  #whyNot(
    parameters: ReadonlyMap<string, string>,
  ): { readonly sqlstate: string; readonly message: string } | undefined {
    const { tagging } = this.#context;
    if (this.#isStopping) return { sqlstate: "57P03", message: "straddle is shutting down" };
    if (this.#sessions.size >= this.#sessionsMax) {
      return { sqlstate: "53300", message: "sorry, too many clients already" };
    }
    const mayTellLater = tagging.usesComments || tagging.usesSetting;
    const isUnknown = !mayTellLater && tagging.fromStartup(parameters) === undefined;
    return tagging.rejectsUnknown && isUnknown ? UNKNOWN_VERSION : undefined;
  }

  /**
   * Keys are the server's own, so the request goes on as it came, on a connection of its own. The
   * server closes it when it has signalled the backend, and only then is the client's closed.
   */
  #cancel(client: Socket, bytes: Buffer): void {
    client.on("error", () => client.destroy());
    this.#context.connectServer({
      opened: (server) => {
        server.on("error", () => server.destroy());
        server.on("close", () => client.destroy());
        finish(server, bytes);
      },
      failed: () => client.destroy(),
      take: () => undefined,
    });
  }

  #refuse(client: Socket, sqlstate: string, message: string): void {
    client.on("error", () => client.destroy());
    client.end(encodeErrorResponse(fatalFields(sqlstate, message)));
    client.resume();
  }
}

const UNKNOWN_VERSION = {
  sqlstate: "28000",
  message: "straddle does not know the version of the application: set application_name",
};

function addressOf(socket: Socket): string {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined ? "unix" : `${remoteAddress}:${remotePort}`;
}
