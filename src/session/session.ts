import type { Socket } from "node:net";
import type { StartupPacket } from "../wire/startup.ts";
import { BackPressure } from "./back-pressure.ts";
import { ClientHandler } from "./client-handler.ts";
import { ClientPump } from "./client-pump.ts";
import { Dialogue } from "./dialogue.ts";
import { type Ending, endings, lastWords } from "./ending.ts";
import type { SessionEnd, SessionInfo } from "./observer.ts";
import { Outbox } from "./outbox.ts";
import { clientReader, serverReader } from "./readers.ts";
import { ServerHandler } from "./server-handler.ts";
import { ServerPump } from "./server-pump.ts";
import { reasonOf } from "./server-tls.ts";
import type { SessionContext, SessionServer } from "./session-context.ts";
import { sessionInfo } from "./session-info.ts";
import { isAtRest, type SessionState, stateOf } from "./session-state.ts";
import { abandon, finish, readOn } from "./sockets.ts";
import { startupBytes } from "./startup-bytes.ts";

export interface SessionOptions {
  readonly id: number;
  readonly client: Socket;
  readonly clientAddress: string;
  readonly packet: Extract<StartupPacket, { kind: "startup" }>;
  /** By the clock of `performance.now`. */
  readonly connectedAt: number;
  /** What came with the startup packet, behind it. */
  readonly rest: Buffer;
  readonly context: SessionContext;
  readonly server: SessionServer;
  readonly onEnd: (session: Session) => void;
}

/**
 * One client connection and its one server connection: owns both sockets, cuts what comes in, gives
 * it to the handlers and writes what they say. Deciding is theirs, the sockets are its own.
 *
 * Until the first ReadyForQuery (authentication) what the server sends and asks for passes as it comes.
 */
export class Session {
  readonly info: SessionInfo;
  readonly #context: SessionContext;
  readonly #client: Socket;
  /** Undefined until it is connected. */
  #server: Socket | undefined;
  /** Gives up connecting to it. */
  readonly #leaveServer: () => void;
  readonly #toClient: Outbox;
  readonly #toServer: Outbox;
  readonly #dialogue: Dialogue;
  readonly #clientPump: ClientPump;
  readonly #serverPump: ServerPump;
  readonly #onEnd: (session: Session) => void;
  readonly #startupTimer: NodeJS.Timeout;

  /** The startup packet is not of protocol 3: the server says so in a way of its own. */
  readonly #isUnread: boolean;
  readonly #backPressure: BackPressure;
  #isRunning = false;
  #isDraining = false;
  /** It has closed its side: nothing more comes from it. */
  #isClientDone = false;
  #isEnded = false;

  constructor(options: SessionOptions) {
    const { client, context, packet } = options;
    this.#context = context;
    this.#onEnd = options.onEnd;
    this.#client = readOn(client, (chunk) => {
      this.info.bytesReceived += chunk.length;
      this.#take(this.#clientPump, chunk);
    });
    this.#toClient = new Outbox(this.#client);
    this.#toServer = new Outbox();
    this.#isUnread = packet.parameters.size === 0;
    const { id, clientAddress } = options;
    this.info = sessionInfo(packet, { id, clientAddress, tagging: context.tagging });
    const fromServer = serverReader();
    const dialogue = new Dialogue({
      context,
      info: this.info,
      toClient: this.#toClient,
      toServer: this.#toServer,
      controls: {
        resumeClient: () => this.#resume(this.#clientPump),
        resumeServer: () => this.#resume(this.#serverPump),
        blockClient: () => {
          this.#clientPump.isBlocked = true;
        },
        replay: (frames) => this.#replay(frames),
        inspectRows: (isWanted) => {
          fromServer.isInspectingAll = isWanted;
        },
      },
    });
    this.#dialogue = dialogue;
    this.#clientPump = new ClientPump({
      reader: clientReader(context.limits.statementSizeMax),
      handler: new ClientHandler(dialogue),
      toServer: this.#toServer,
    });
    this.#serverPump = new ServerPump({
      reader: fromServer,
      handler: new ServerHandler(dialogue),
      toClient: this.#toClient,
      onPasswordDue: () => this.#passwordDue(),
      onReady: () => this.#authenticated(),
      onAnswer: () => this.#answered(),
    });
    this.#backPressure = new BackPressure(context, {
      ...{ client: this.#client, toClient: this.#toClient, toServer: this.#toServer },
      ...{ clientPump: this.#clientPump, serverPump: this.#serverPump },
    });
    this.#startupTimer = setTimeout(
      () => {
        context.hits.add("startup_timeout");
        this.fail(endings.startupTimeout);
      },
      context.limits.startupMs - (performance.now() - options.connectedAt),
    );

    context.observer.sessionOpened(this.info);
    this.#client.on("drain", () => this.#updateReading());
    this.#client.on("end", () => this.#clientEnded());
    for (const event of ["error", "close"]) this.#client.on(event, () => this.#end("client"));
    this.#leaveServer = options.server.connect({
      opened: (server) => this.#connected(server),
      failed: (error) => this.#serverFailed(error),
      take: (chunk) => this.#take(this.#serverPump, chunk),
    });
    this.#toServer.add(startupBytes(options.server.packet, context.tagging, this.info.tag));
    if (options.rest.length > 0) this.#take(this.#clientPump, options.rest);
  }

  /** Ends the session at its next transaction boundary: now, if it is at one. */
  drain(): void {
    this.#isDraining = true;
    this.#endIfDrained();
  }

  /** Tells the client why, and ends the session. */
  fail(ending: Ending): void {
    if (this.#isEnded) return;
    // Inside of a row, say, it would be taken for a part of that.
    if (this.#serverPump.isBetweenMessages) this.#toClient.add(lastWords(ending));
    this.#end(ending.end);
  }

  get state(): SessionState {
    return stateOf(this.#dialogue, this.#clientPump);
  }

  /** A client may close its side and still read what it is owed: the server is told as it would be. */
  #clientEnded(): void {
    this.#isClientDone = true;
    const { isReady, isBlocked } = this.#clientPump;
    const { pipeline, retry } = this.#dialogue;
    retry.isOff = true;
    // What is kept back, for the audit log, a flip or a retry, is nothing that the server owes it.
    const isOwed = !isBlocked || (pipeline.count > 0 && !retry.isActive);
    if (isReady && isOwed && this.#client.writable) this.#run(this.#clientPump);
    else this.#end("client");
  }

  #connected(server: Socket): void {
    this.#server = server;
    this.#backPressure.server = server;
    server.on("drain", () => this.#updateReading());
    server.on("error", (error) => this.#serverFailed(error));
    for (const event of ["end", "close"]) server.on(event, () => this.#serverEnded());
    this.#toServer.open(server);
    this.#updateReading();
  }

  /** It could not be reached, also if it took a certificate amiss: it has not said a word. */
  #serverFailed(error: Error): void {
    if (this.#toClient.byteCount > 0) this.#serverEnded();
    if (this.#isEnded) return;
    const reason = reasonOf(error);
    this.#context.report("the server can't be reached", reason);
    this.fail(endings.unreachable(reason));
  }

  #serverEnded(): void {
    if (this.#isClientDone) this.#end("client");
    const { hasLeft, isLost } = this.#clientPump;
    const isExpected = this.#serverPump.hasSaidWhy || hasLeft || isLost || this.#isUnread;
    if (isExpected) this.#end("server");
    else this.fail(endings.serverLost(this.#clientPump.isReady && !this.state.isAtRest));
  }

  #take(pump: ClientPump | ServerPump, chunk: Buffer): void {
    if (this.#isEnded) return;
    if (this.#isUnread) {
      const outbox = pump === this.#clientPump ? this.#toServer : this.#toClient;
      outbox.add(chunk);
      outbox.flush();
      return;
    }
    pump.add(chunk);
    this.#run(pump);
  }

  /**
   * Runs a pump and writes what came of it. What it throws is the end of this one session. Within
   * another turn, a turn is put off until that one is over.
   */
  #run(pump: ClientPump | ServerPump): void {
    if (this.#isEnded) return;
    if (this.#isRunning) {
      queueMicrotask(() => this.#run(pump));
      return;
    }
    this.#isRunning = true;
    try {
      pump.run();
    } catch (error) {
      this.#crashed(error);
      return;
    } finally {
      this.#isRunning = false;
    }
    this.#toServer.flush();
    this.#toClient.flush();
    this.info.bytesSent = this.#toClient.byteCount;
    this.#updateReading();
    if (this.#isDraining) this.#endIfDrained();
    if (this.#isClientDone && this.#clientPump.isEmpty) this.#server?.end();
  }

  /** A message that had to wait may go on. */
  #resume(pump: ClientPump | ServerPump): void {
    if (!pump.isBlocked) return;
    pump.isBlocked = false;
    this.#run(pump);
  }

  #replay(frames: readonly Buffer[]): void {
    this.#clientPump.replay(frames);
    this.#clientPump.isBlocked = false;
    this.#run(this.#clientPump);
  }

  #passwordDue(): void {
    this.#clientPump.passwordsDue += 1;
    this.#resume(this.#clientPump);
  }

  #authenticated(): void {
    clearTimeout(this.#startupTimer);
    this.#clientPump.authenticated();
    this.#serverPump.isReady = true;
    this.#resume(this.#clientPump);
  }

  #answered(): void {
    const dialogue = this.#dialogue;
    const { pipeline } = dialogue;
    // A COPY waits for the client's data.
    const isDrained = dialogue.isWaitingForDrain && (pipeline.isDrained || pipeline.isCopyIn);
    if (!isDrained && !dialogue.isWaitingForRoom) return;
    dialogue.isWaitingForDrain = false;
    dialogue.isWaitingForRoom = false;
    this.#resume(this.#clientPump);
  }

  #crashed(error: unknown): void {
    const ending = endings.after(error);
    if (ending?.end === "bug") this.#context.report("a session ended by a bug", error);
    if (ending === undefined) this.#end("protocol_error");
    else this.fail(ending);
  }

  #updateReading(): void {
    if (!this.#isEnded) this.#backPressure.apply();
  }

  #endIfDrained(): void {
    if (isAtRest(this.#dialogue, this.#clientPump)) this.fail(endings.shuttingDown);
  }

  #end(end: SessionEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#startupTimer);
    // What has arrived from a side that closed still goes to the other one.
    this.#toClient.flush();
    this.#toServer.flush();
    this.#dialogue.ended();
    finish(this.#client);
    // For a client that is gone the server need not be heard out: as if it were connected to it.
    if (this.#server === undefined) this.#leaveServer();
    else if (end === "client" || end === "stalled_timeout") abandon(this.#server);
    else finish(this.#server);
    this.info.bytesSent = this.#toClient.byteCount;
    const why = this.#clientPump.isLost ? "protocol_error" : end;
    this.#context.observer.sessionClosed(this.info, why);
    this.#onEnd(this);
  }
}
