import type { FrameReader } from "../wire/frame-reader.ts";
import { Server } from "../wire/frame-type.ts";
import { isLastWord } from "./last-word.ts";
import { LoginAnswers } from "./login-answers.ts";
import type { Outbox } from "./outbox.ts";
import type { ServerHandler } from "./server-handler.ts";

/** Cuts what the server sends and hands it on: to the handler what it decides on, the rest as it is. */
export class ServerPump {
  /** Before that, authentication: all but what `LoginAnswers` replaces passes. */
  isReady = false;
  /** The message at hand waits for something. Whoever knows of it clears this and runs the pump. */
  isBlocked = false;
  /** The server has said that it ends the session. */
  hasSaidWhy = false;

  readonly #reader: FrameReader;
  readonly #handler: ServerHandler;
  readonly #toClient: Outbox;
  readonly #onPasswordDue: () => void;
  readonly #onReady: () => void;
  readonly #onAnswer: () => void;
  readonly #loginAnswers = new LoginAnswers();
  readonly #chunks: Buffer[] = [];
  /** The reader's current piece is to be handled again. */
  #isPending = false;

  constructor(options: {
    readonly reader: FrameReader;
    readonly handler: ServerHandler;
    readonly toClient: Outbox;
    /** Authentication goes on with a message of the client. */
    readonly onPasswordDue: () => void;
    /** The first ReadyForQuery: authentication is over. */
    readonly onReady: () => void;
    /** Something that was owed may have been answered. */
    readonly onAnswer: () => void;
  }) {
    this.#reader = options.reader;
    this.#handler = options.handler;
    this.#toClient = options.toClient;
    this.#onPasswordDue = options.onPasswordDue;
    this.#onReady = options.onReady;
    this.#onAnswer = options.onAnswer;
  }

  /** Whether a message of Straddle's own may follow what went to the client so far. */
  get isBetweenMessages(): boolean {
    return !this.#reader.isInsideFrame;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  /** Goes on until there is nothing left, or a message has to wait. */
  run(): void {
    const reader = this.#reader;
    while (!this.isBlocked) {
      const piece = this.#isPending ? "frame" : reader.next();
      if (piece === "wait") {
        const chunk = this.#chunks.shift();
        if (chunk === undefined) return;
        reader.push(chunk);
        continue;
      }
      const { type, buffer, start, end } = reader;
      if (piece === "head" && this.isReady) {
        this.#handler.handleHead(type, buffer, start, end);
        continue;
      }
      if (piece !== "frame") {
        this.#toClient.addSlice(buffer, start, end);
        continue;
      }
      if (type === Server.errorResponse || type === Server.noticeResponse) {
        this.hasSaidWhy = isLastWord(buffer, start, end);
      }
      if (!this.isReady) {
        this.#startup(type, buffer, start, end);
        continue;
      }
      this.isBlocked = this.#handler.handle(type, buffer, start, end) === "blocked";
      this.#isPending = this.isBlocked;
      if (!this.isBlocked) this.#onAnswer();
    }
  }

  /** Before the first ReadyForQuery everything is the client's. */
  #startup(type: number, buffer: Buffer, start: number, end: number): void {
    if (type === Server.parameterStatus) {
      this.#handler.handle(type, buffer, start, end);
      return;
    }
    const instead = this.#loginAnswers.instead(type, buffer, start, end);
    if (instead === undefined) this.#toClient.addSlice(buffer, start, end);
    else this.#toClient.add(instead);
    if (type === Server.readyForQuery) this.#onReady();
    else if (type === Server.authentication && asksForPassword(buffer, start, end)) {
      this.#onPasswordDue();
    }
  }
}

/** AuthenticationOk and AuthenticationSASLFinal ask for nothing. */
const ANSWERLESS: ReadonlySet<number> = new Set([0, 12]);

function asksForPassword(buffer: Buffer, start: number, end: number): boolean {
  return end - start >= 9 && !ANSWERLESS.has(buffer.readInt32BE(start + 5));
}
