import { createServer, type Server, type Socket } from "node:net";
import { ClientLogin, type LoggedIn } from "./client-login.ts";
import type { ClientTls } from "./client-tls.ts";
import { endings } from "./ending.ts";
import { Greeting, type StartupMessage, turnAway } from "./greeting.ts";
import { type LimitLevels, limitLevels } from "./limit-levels.ts";
import { type Guest, NewestSet } from "./newest-set.ts";
import type { RunningStatement } from "./observer.ts";
import { type FullPlaces, fullWords, type Places } from "./places.ts";
import { fatalFields } from "./refusal.ts";
import { ServerLogin } from "./server-login.ts";
import { Session } from "./session.ts";
import type { SessionContext } from "./session-context.ts";
import { SessionSweep } from "./session-sweep.ts";
import { finish, keepalive } from "./sockets.ts";
import { startupAs, startupProblem, userOf } from "./startup-bytes.ts";
import type { TerminatedAuth } from "./terminated-auth.ts";

export interface ListenerOptions {
  readonly context: SessionContext;
  readonly places: Places;
  /** Silence after which the system asks whether a client is still there; 0 is never. */
  readonly keepaliveMs: number;
  /** What TLS towards clients is made with now; undefined while it is off. */
  readonly tls: () => ClientTls | undefined;
  /** Undefined where clients log in to the server themselves. */
  readonly auth: TerminatedAuth | undefined;
}

/**
 * Accepts clients, has them greeted, and makes sessions of them. Owns the listening sockets and the
 * list of sessions.
 */
export class Listener {
  readonly #context: SessionContext;
  readonly #places: Places;
  readonly #tls: () => ClientTls | undefined;
  readonly #auth: TerminatedAuth | undefined;
  readonly #servers: Server[] = [];
  readonly #sessions = new Set<Session>();
  readonly #greetings: NewestSet<Greeting | ClientLogin>; // Connected, but no session yet.
  readonly #cancels: NewestSet<Guest>; // Requests that are under way.
  readonly #sweep: SessionSweep;
  readonly #keepaliveMs: number;
  readonly #onTimeout = () => this.#context.hits.add("startup_timeout");
  #isStopping = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#context = options.context;
    this.#places = options.places;
    this.#tls = options.tls;
    this.#keepaliveMs = options.keepaliveMs;
    const { context } = options;
    const bound = {
      countMax: () => context.limits.greetingsMax,
      onFull: () => context.hits.add("greetings_max"),
    };
    this.#greetings = new NewestSet(bound);
    this.#cancels = new NewestSet(bound);
    this.#sweep = new SessionSweep(this.#sessions, context);
    this.#sweep.start();
    this.#auth = options.auth;
  }

  get levels(): LimitLevels {
    return limitLevels(this.#sessions, Math.max(this.#greetings.count, this.#cancels.count));
  }

  /** Statements that the server has not answered in full, of all sessions. */
  running(): readonly RunningStatement[] {
    return [...this.#sessions].flatMap(({ state }) => state.running);
  }

  /** Listens on a TCP address or a Unix socket; gives the port, 0 for a socket. Rejects if it can't. */
  listen(address: { host: string; port: number } | { path: string }): Promise<number> {
    // As in PostgreSQL, there is no TLS on Unix sockets, and nothing that asks for it there.
    const isLocal = "path" in address;
    const options = { noDelay: true, ...keepalive(this.#keepaliveMs) };
    const server = createServer(options, (socket) => {
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
    this.#greetings.destroyAll();
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const session of [...this.#sessions]) session.drain();
    const timer = setTimeout(() => this.endSessions(), deadlineMs);
    if (this.#sessions.size > 0) await empty;
    clearTimeout(timer);
    this.#sweep.stop();
    await Promise.all(closed);
  }

  /** Ends all sessions now, whatever they are at. */
  endSessions(): void {
    for (const session of [...this.#sessions]) session.fail(endings.shuttingDown);
  }

  /** Takes a client that has connected. `onGreeted`: it has said what it wants, or is gone. */
  greet(
    client: Socket,
    { isLocal, onGreeted }: { readonly isLocal: boolean; readonly onGreeted?: () => void },
  ): void {
    const connectedAt = performance.now();
    const greeting = new Greeting({
      client,
      tls: isLocal ? undefined : this.#tls(),
      timeoutMs: this.#context.limits.startupMs,
      onStartup: (socket, packet, rest) => {
        const came = { client: socket, packet, connectedAt };
        if (this.#auth === undefined) this.#begin(came, { rest });
        else this.#logIn(came, rest, this.#auth);
      },
      onCancel: (socket, packet) => this.#cancel(socket, packet),
      onTimeout: this.#onTimeout,
      onEnd: () => {
        this.#greetings.delete(greeting);
        onGreeted?.();
      },
    });
    this.#greetings.add(greeting);
  }

  /** Who it is is found out here, before the server hears of it. */
  #logIn(came: Newcomer, rest: Buffer, auth: TerminatedAuth): void {
    const { client, packet, connectedAt } = came;
    const refusal = startupProblem(packet) ?? this.#whyNot(packet.parameters);
    if (refusal !== undefined) {
      turnAway(client, fatalFields(refusal.sqlstate, refusal.message), packet.protocol);
      return;
    }
    const login = new ClientLogin({
      client,
      user: userOf(packet),
      rest,
      auth,
      timeoutMs: this.#context.limits.startupMs - (performance.now() - connectedAt),
      onTimeout: this.#onTimeout,
      onLoggedIn: (result) => this.#begin(came, result, auth),
      onEnd: () => this.#greetings.delete(login),
    });
    this.#greetings.add(login);
    login.begin();
  }

  #begin(came: Newcomer, login: LoggedIn, auth?: TerminatedAuth): void {
    const { client, packet } = came;
    const refusal = this.#whyNot(packet.parameters);
    if (refusal !== undefined) {
      turnAway(client, fatalFields(refusal.sqlstate, refusal.message));
      return;
    }
    const user = packet.parameters.get("user") ?? "";
    // What arrives before the answer stays in the socket.
    client.pause();
    this.#places.take({ user, userMax: this.#context.limits.sessionsPerUserMax }, (place) => {
      const late: Buffer | null = client.read();
      const isWanted = !client.destroyed && !this.#isStopping;
      if (typeof place === "number" && !isWanted) this.#places.free(user);
      if (client.destroyed) return;
      const why = this.#isStopping ? STOPPING : place;
      if (typeof why === "number") {
        const { rest } = login;
        const all = late === null ? rest : Buffer.concat([rest, late]);
        this.#open(why, came, { ...login, rest: all }, auth);
      } else {
        const { sqlstate, message } = typeof why === "string" ? this.#full(why, user) : why;
        turnAway(client, fatalFields(sqlstate, message));
      }
    });
  }

  #open(
    id: number,
    came: Newcomer,
    { rest, clientKey }: LoggedIn,
    auth: TerminatedAuth | undefined,
  ): void {
    const { client, packet, connectedAt } = came;
    const context = this.#context;
    client.resume();
    const as = auth?.serverLogin(userOf(packet), clientKey);
    const session = new Session({
      id,
      client,
      clientAddress: addressOf(client),
      packet,
      connectedAt,
      rest: Buffer.from(rest),
      context,
      server: {
        packet: as === undefined ? packet : startupAs(packet, as.role),
        connect: (user) => {
          const onFailed = (words: string) => auth?.failed("server", words);
          const through = as && new ServerLogin({ as, session: user, onFailed });
          return context.connectServer(through ?? user);
        },
      },
      onEnd: (ended) => {
        this.#sessions.delete(ended);
        this.#places.free(packet.parameters.get("user") ?? "");
        if (this.#sessions.size === 0) this.#onEmpty?.();
      },
    });
    this.#sessions.add(session);
  }

  #whyNot(
    parameters: ReadonlyMap<string, string>,
  ): { readonly sqlstate: string; readonly message: string } | undefined {
    const { tagging, limits } = this.#context;
    if (this.#isStopping) return STOPPING;
    const user = parameters.get("user") ?? "";
    const full = this.#places.whyFull({ user, userMax: limits.sessionsPerUserMax });
    if (full !== undefined) return this.#full(full, user);
    const mayTellLater = tagging.usesComments || tagging.usesSetting;
    const isUnknown = !mayTellLater && tagging.fromStartup(parameters) === undefined;
    return tagging.rejectsUnknown && isUnknown ? UNKNOWN_VERSION : undefined;
  }

  #full(full: FullPlaces, user: string) {
    this.#context.hits.add(full);
    return { sqlstate: "53300", message: fullWords(full, user) };
  }

  /**
   * Keys are the server's own, so the request goes on as it came, on a connection of its own. The
   * server closes it when it has signalled the backend, and only then is the client's closed.
   */
  #cancel(client: Socket, bytes: Buffer): void {
    client.on("error", () => client.destroy());
    const request = {
      destroy: () => {
        leave();
        client.destroy();
      },
    };
    client.on("close", () => this.#cancels.delete(request));
    this.#cancels.add(request);
    const leave = this.#context.connectServer({
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

/** Who has said what is wanted, and is no session yet. */
interface Newcomer {
  readonly client: Socket;
  readonly packet: StartupMessage;
  /** By the clock of `performance.now`: all of the startup is timed from here. */
  readonly connectedAt: number;
}

const STOPPING = { sqlstate: "57P03", message: "straddle is shutting down" };
const UNKNOWN_VERSION = {
  sqlstate: "28000",
  message: "straddle does not know the version of the application: set application_name",
};

function addressOf(socket: Socket): string {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined ? "unix" : `${remoteAddress}:${remotePort}`;
}
