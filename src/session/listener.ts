import { createServer, type Server, type Socket } from "node:net";
import type { ClientTls } from "./client-tls.ts";
import { Greeting, type StartupMessage, turnAway } from "./greeting.ts";
import type { Places } from "./places.ts";
import { fatalFields } from "./refusal.ts";
import { Session } from "./session.ts";
import type { SessionContext } from "./session-context.ts";
import { finish } from "./sockets.ts";

export interface ListenerOptions {
  readonly context: SessionContext;
  readonly places: Places;
  /** What TLS towards clients is made with now; undefined while it is off. */
  readonly tls: () => ClientTls | undefined;
}

/**
 * Accepts clients, has them greeted, and makes sessions of them. Owns the listening sockets and the
 * list of sessions.
 */
export class Listener {
  readonly #context: SessionContext;
  readonly #places: Places;
  readonly #tls: () => ClientTls | undefined;
  readonly #servers: Server[] = [];
  readonly #sessions = new Set<Session>();
  readonly #strangers = new Set<Greeting>(); // Connected, but no session yet.
  #isStopping = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#context = options.context;
    this.#places = options.places;
    this.#tls = options.tls;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Listens on a TCP address or a Unix socket; gives the port, 0 for a socket. Rejects if it can't. */
  listen(address: { host: string; port: number } | { path: string }): Promise<number> {
    // As in PostgreSQL, there is no TLS on Unix sockets, and nothing that asks for it there.
    const isLocal = "path" in address;
    const server = createServer({ noDelay: true }, (socket) => {
      this.greet(socket, { isLocal });
    });
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

  /** Takes a client that has connected. `onGreeted`: it has said what it wants, or is gone. */
  greet(
    client: Socket,
    { isLocal, onGreeted }: { readonly isLocal: boolean; readonly onGreeted?: () => void },
  ): void {
    const greeting = new Greeting({
      client,
      tls: isLocal ? undefined : this.#tls(),
      timeoutMs: this.#context.limits.startupMs,
      onStartup: (socket, packet, rest) => this.#begin(socket, packet, rest),
      onCancel: (socket, packet) => this.#cancel(socket, packet),
      onEnd: () => {
        this.#strangers.delete(greeting);
        onGreeted?.();
      },
    });
    this.#strangers.add(greeting);
  }

  #begin(client: Socket, packet: StartupMessage, rest: Buffer): void {
    const refusal = this.#whyNot(packet.parameters);
    if (refusal !== undefined) {
      turnAway(client, fatalFields(refusal.sqlstate, refusal.message));
      return;
    }
    // What arrives before the answer stays in the socket.
    client.pause();
    this.#places.take((id) => {
      const late: Buffer | null = client.read();
      const isGone = client.destroyed;
      if (id !== undefined && (isGone || this.#isStopping)) this.#places.free();
      if (isGone) return;
      if (this.#isStopping) turnAway(client, fatalFields(STOPPING.sqlstate, STOPPING.message));
      else if (id === undefined) turnAway(client, fatalFields(FULL.sqlstate, FULL.message));
      else this.#open(id, client, packet, late === null ? rest : Buffer.concat([rest, late]));
    });
  }

  #open(id: number, client: Socket, packet: StartupMessage, rest: Buffer): void {
    client.resume();
    const session = new Session({
      id,
      client,
      clientAddress: addressOf(client),
      packet,
      rest: Buffer.from(rest),
      context: this.#context,
      onEnd: (ended) => {
        this.#sessions.delete(ended);
        this.#places.free();
        if (this.#sessions.size === 0) this.#onEmpty?.();
      },
    });
    this.#sessions.add(session);
  }

  #whyNot(
    parameters: ReadonlyMap<string, string>,
  ): { readonly sqlstate: string; readonly message: string } | undefined {
    const { tagging } = this.#context;
    if (this.#isStopping) return STOPPING;
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
}

const STOPPING = { sqlstate: "57P03", message: "straddle is shutting down" };
const FULL = { sqlstate: "53300", message: "sorry, too many clients already" };
const UNKNOWN_VERSION = {
  sqlstate: "28000",
  message: "straddle does not know the version of the application: set application_name",
};

function addressOf(socket: Socket): string {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined ? "unix" : `${remoteAddress}:${remotePort}`;
}
