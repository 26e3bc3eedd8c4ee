import type { Socket } from "node:net";
import { encodeErrorResponse } from "../wire/encode.ts";
import { ProtocolError } from "../wire/protocol-error.ts";
import { isReplication, type StartupPacket } from "../wire/startup.ts";
import { ClientHandler } from "./client-handler.ts";
import { ClientPump } from "./client-pump.ts";
import { Dialogue } from "./dialogue.ts";
import type { SessionEnd, SessionInfo } from "./observer.ts";
import { Outbox } from "./outbox.ts";
import { clientReader, serverReader } from "./readers.ts";
import { fatalFields } from "./refusal.ts";
import { ServerHandler } from "./server-handler.ts";
import { ServerPump } from "./server-pump.ts";
import { reasonOf } from "./server-tls.ts";
import type { SessionContext, SessionServer } from "./session-context.ts";
import { sessionInfo } from "./session-info.ts";
import { abandon, finish, readOn, setReading } from "./sockets.ts";
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

  /** A walsender has another grammar and no extended protocol: all of its session passes unseen. */
  readonly #isReplication: boolean;
  /** The startup packet is not of protocol 3: the server says so in a way of its own. */
  readonly #isUnread: boolean;
  #isRunning = false;
  #isDraining = false;
  #isEnded = false;

  constructor(options: SessionOptions) {
    const { client, context, packet } = options;
    const { parameters } = packet;
    this.#context = context;
    this.#onEnd = options.onEnd;
    this.#client = readOn(client, (chunk) => {
      this.info.bytesReceived += chunk.length;
      this.#take(this.#clientPump, chunk);
    });
    this.#toClient = new Outbox(this.#client);
    this.#toServer = new Outbox();
    this.#isUnread = parameters.size === 0;
    this.#isReplication = isReplication(parameters.get("replication"));
    const { id, clientAddress } = options;
    this.info = sessionInfo(packet, { id, clientAddress, tagging: context.tagging });
    const fromClient = clientReader(context.limits.statementSizeMax);
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
      reader: fromClient,
      handler: new ClientHandler(dialogue),
      toServer: this.#toServer,
    });
    this.#clientPump.isPassing = this.#isReplication && !options.server.isLoggedIn;
    this.#serverPump = new ServerPump({
      reader: fromServer,
      handler: new ServerHandler(dialogue),
      toClient: this.#toClient,
      onPasswordDue: () => this.#passwordDue(),
      onReady: () => this.#authenticated(),
      onAnswer: () => this.#answered(),
    });
    this.#startupTimer = setTimeout(
      () => {
        this.fail("57014", "straddle gave up waiting for the end of authentication", "server");
      },
      context.limits.startupMs - (performance.now() - options.connectedAt),
    );

    context.observer.sessionOpened(this.info);
    this.#listen();
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
  fail(sqlstate: string, message: string, end: SessionEnd, hint = ""): void {
    if (this.#isEnded) return;
    this.#toClient.add(encodeErrorResponse(fatalFields(sqlstate, message, hint)));
    this.#end(end);
  }

  #listen(): void {
    const client = this.#client;
    client.on("drain", () => this.#updateReading());
    for (const event of ["end", "error", "close"]) client.on(event, () => this.#end("client"));
  }

  #connected(server: Socket): void {
    this.#server = server;
    server.on("drain", () => this.#updateReading());
    server.on("error", (error) => this.#serverFailed(error));
    for (const event of ["end", "close"]) server.on(event, () => this.#end("server"));
    this.#toServer.open(server);
    this.#updateReading();
  }

  /** It could not be reached, also if it took a certificate amiss: it has not said a word. */
  #serverFailed(error: Error): void {
    if (this.#toClient.byteCount > 0) this.#end("server");
    if (this.#isEnded) return;
    const reason = reasonOf(error);
    this.#context.report("the server can't be reached", reason);
    this.fail("08006", `straddle could not connect to the server: ${reason}`, "server");
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
    this.#clientPump.isPassing = this.#isReplication;
    this.#clientPump.isReady = !this.#isReplication;
    this.#serverPump.isReady = !this.#isReplication;
    this.#resume(this.#clientPump);
  }

  #answered(): void {
    const dialogue = this.#dialogue;
    const { pipeline } = dialogue;
    // A COPY waits for the client's data.
    const isDrained = dialogue.isWaitingForDrain && (pipeline.count === 0 || pipeline.isCopyIn);
    if (!isDrained && !dialogue.isWaitingForRoom) return;
    dialogue.isWaitingForDrain = false;
    dialogue.isWaitingForRoom = false;
    this.#resume(this.#clientPump);
  }

  #crashed(error: unknown): void {
    if (error instanceof ProtocolError && error.code.startsWith("frame_too_")) {
      // As the server does: there is no telling where the next message would begin.
      this.#end("protocol_error");
      return;
    }
    if (error instanceof ProtocolError) {
      this.fail("08P01", error.message, "protocol_error");
      return;
    }
    this.#context.report("a session ended by a bug", error);
    this.fail("XX000", "straddle ended this session because of an internal error", "bug");
  }

  /** Reads from each side only what the other side has room for. */
  #updateReading(): void {
    if (this.#isEnded) return;
    const { bufferSizeMax } = this.#context.limits;
    const isServerStalled = this.#toServer.waitingSize > bufferSizeMax;
    const hasEnough = this.#clientPump.waitingSize > bufferSizeMax;
    setReading(this.#client, !isServerStalled && !hasEnough);
    const isClientStalled = this.#toClient.waitingSize > bufferSizeMax;
    const isServerWanted = !isClientStalled && !this.#serverPump.isBlocked;
    if (this.#server !== undefined) setReading(this.#server, isServerWanted);
  }

  #endIfDrained(): void {
    if (this.#isEnded || !this.#clientPump.isReady) return;
    const { pipeline, status, unsyncedCount } = this.#dialogue;
    if (pipeline.count > 0 || status !== "I" || unsyncedCount > 0) return;
    if (this.#clientPump.isBlocked || this.#clientPump.waitingSize > 0) return;
    this.fail(
      "57P01",
      "terminating connection because straddle is shutting down",
      "shutdown",
      "Connect again.",
    );
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
    else if (end === "client") abandon(this.#server);
    else finish(this.#server);
    this.info.bytesSent = this.#toClient.byteCount;
    const why = this.#clientPump.isLost ? "protocol_error" : end;
    this.#context.observer.sessionClosed(this.info, why);
    this.#onEnd(this);
  }
}
