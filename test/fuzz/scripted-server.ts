import { frame } from "../support/client-frames.ts";
import { clientFrameEnd, typeOf } from "./frames.ts";
import type { Recording } from "./recording.ts";

type Answers = readonly Buffer[];

/** What a real server said to each message of a recording; to the same one again, perhaps something else. */
export class AnswerBook {
  readonly login: Answers;
  readonly #byConversation = new Map<string, ReadonlyMap<string, readonly Answers[]>>();
  readonly #all = new Map<string, Answers[]>();

  constructor(recordings: readonly Recording[]) {
    this.login = (recordings[0]?.steps ?? [])
      .filter(({ leg }) => leg === "<<")
      .map(({ bytes }) => bytes);
    for (const recording of recordings.slice(1)) {
      const own = new Map<string, Answers[]>();
      for (const { question, answers } of answered(recording)) {
        for (const book of [own, this.#all]) {
          const known = book.get(question);
          if (known === undefined) book.set(question, [answers]);
          else known.push(answers);
        }
      }
      this.#byConversation.set(recording.name, own);
    }
  }

  /** Those of this conversation, or of any other. */
  answers(conversation: string, question: string): readonly Answers[] {
    const own = this.#byConversation.get(conversation)?.get(question);
    return own ?? this.#all.get(question) ?? [];
  }
}

/** Each message to the server with the messages that answer it. */
function answered(
  recording: Recording,
): readonly { readonly question: string; readonly answers: Answers }[] {
  const found: { readonly question: string; answers: Buffer[] }[] = [];
  let questions: Buffer[] = [];
  let answers: Buffer[] = [];
  const close = () => {
    for (const [index, question] of questions.entries()) {
      const isLast = index === questions.length - 1;
      // Several were sent at once only by Straddle itself, and each got one answer, but for an error.
      const size = isLast ? answers.length : answerSize(typeOf(question), answers);
      const own = answers.splice(0, size);
      // One that the real server did not answer was skipped there.
      if (own.length > 0) found.push({ question: question.toString("latin1"), answers: own });
    }
    questions = [];
    answers = [];
  };
  for (const { leg, bytes } of recording.steps) {
    if (leg === ">>") {
      if (answers.length > 0) close();
      questions.push(bytes);
    } else if (leg === "<<") {
      answers.push(bytes);
    }
  }
  close();
  return found;
}

const ENDS: Readonly<Record<string, string>> = {
  P: "1E",
  B: "2E",
  C: "3E",
  E: "CIsEG",
  Q: "ZG",
  c: "CE",
  f: "E",
};

function answerSize(type: string, answers: Answers): number {
  const ends = ENDS[type] ?? "";
  return answers.findIndex((answer) => ends.includes(typeOf(answer))) + 1;
}

const field = (letter: string, text: string) => Buffer.from(`${letter}${text}\0`);

function errorResponse(severity: string, sqlstate: string, message: string): Buffer {
  const fields = [["S", severity] as const, ["V", severity] as const, ["C", sqlstate] as const];
  const all = [...fields, ["M", message] as const].map(([letter, text]) => field(letter, text));
  return frame("E", ...all, Buffer.alloc(1));
}

const LOST = errorResponse("FATAL", "08P01", "invalid message from the client");
const SYNTAX = errorResponse("ERROR", "42601", "syntax error");
const COPY_FAILED = errorResponse("ERROR", "57014", "COPY from stdin failed");
const NOT_COPY = errorResponse("ERROR", "08P01", "unexpected message type during COPY from stdin");
const ready = (status: string) => frame("Z", Buffer.from(status));

const isReady = (answer: Buffer) => typeOf(answer) === "Z";

/** For what was never recorded: an answer of the right kind. */
const ANSWERS: Readonly<Record<string, Answers>> = {
  P: [frame("1")],
  B: [frame("2")],
  C: [frame("3")],
  D: [frame("n")],
  E: [frame("C", "SELECT 0")],
  Q: [frame("C", "SELECT 0")],
  F: [frame("V", Buffer.from([255, 255, 255, 255]))],
};

/**
 * A server that says what a real one was heard to say. It keeps the protocol's order: nothing is answered
 * behind an error up to the Sync, COPY takes data, and what can't be a message ends the connection.
 */
export class ScriptedServer {
  /** All that it was sent. */
  received: Buffer = Buffer.alloc(0);
  /** It has ended the connection. */
  isOver = false;
  /** It was told that the client ends. */
  isTerminated = false;
  readonly #book: AnswerBook;
  readonly #conversation: string;
  readonly #asked = new Map<string, number>();
  #at = 0;
  #isLoggedIn = false;
  #isSkipping = false;
  #copy: "no" | "simple" | "extended" = "no";
  #status = "I";

  constructor(book: AnswerBook, conversation: string) {
    this.#book = book;
    this.#conversation = conversation;
  }

  /** Gives the messages that answer what has come. */
  take(bytes: Buffer): Buffer[] {
    this.received = this.received.length === 0 ? bytes : Buffer.concat([this.received, bytes]);
    const said: Buffer[] = [];
    while (!this.isOver) {
      if (!this.#isLoggedIn) {
        if (this.received.length < 4 || this.received.length < this.received.readInt32BE(0)) break;
        this.#at = this.received.readInt32BE(0);
        this.#isLoggedIn = true;
        said.push(...this.#book.login);
        continue;
      }
      const end = clientFrameEnd(this.received, this.#at);
      if (end === "wait") break;
      if (end === "lost") {
        this.isOver = true;
        said.push(LOST);
        break;
      }
      const question = this.received.subarray(this.#at, end);
      this.#at = end;
      said.push(...this.#answer(question));
    }
    return said;
  }

  #answer(question: Buffer): Answers {
    const type = typeOf(question);
    if (type === "X") {
      this.isOver = true;
      this.isTerminated = true;
      return [];
    }
    if (this.#copy !== "no") return this.#inCopy(type, question, this.#copy);
    if (type === "S") {
      this.#isSkipping = false;
      return this.#noted(this.#recorded(question) ?? [ready(this.#status)], "S");
    }
    if (this.#isSkipping || "dcfH".includes(type)) return [];
    const answers = this.#recorded(question) ?? this.#madeUp(type, question);
    return this.#noted(answers, type);
  }

  #inCopy(type: string, question: Buffer, kind: "simple" | "extended"): Answers {
    if (type === "H" || type === "S") return [];
    const recorded = this.#recorded(question);
    if (type === "d") {
      const hasFailed = recorded?.some((answer) => typeOf(answer) === "E") === true;
      return hasFailed ? this.#copyEnded(kind, recorded ?? []) : [];
    }
    if (type === "c") return this.#copyEnded(kind, recorded ?? [frame("C", "COPY 1")]);
    if (type === "f") return this.#copyEnded(kind, recorded ?? [COPY_FAILED]);
    // It has not read the message to its end, and can't go on from there.
    this.isOver = true;
    return [NOT_COPY, LOST];
  }

  #copyEnded(kind: "simple" | "extended", answers: Answers): Answers {
    this.#copy = "no";
    const own = answers.filter((answer) => typeOf(answer) !== "Z");
    // Another COPY of the same string can follow at once.
    const isOpen = own.some((answer) => typeOf(answer) === "G");
    if (kind === "extended") return this.#noted(own, "E");
    return this.#noted(isOpen ? own : [...own, answers.find(isReady) ?? ready(this.#status)], "Q");
  }

  /** What the answers mean for what comes next. */
  #noted(answers: Answers, type: string): Answers {
    for (const answer of answers) {
      switch (typeOf(answer)) {
        case "E":
          if ("PBDEC".includes(type)) this.#isSkipping = true;
          break;
        case "G":
          this.#copy = type === "Q" ? "simple" : "extended";
          break;
        case "Z":
          this.#status = String.fromCharCode(answer[5] ?? 0);
          break;
      }
    }
    return answers;
  }

  #recorded(question: Buffer): Answers | undefined {
    const key = question.toString("latin1");
    const known = this.#book.answers(this.#conversation, key);
    const count = this.#asked.get(key) ?? 0;
    this.#asked.set(key, count + 1);
    return known[count % known.length];
  }

  /** Errors for some: for the same ones each time. */
  #madeUp(type: string, question: Buffer): Answers {
    const isRefused = question.includes("straddle refused a statement");
    const hasFailed = isRefused || (question.length + (question.at(-2) ?? 0)) % 4 === 0;
    const answers = hasFailed ? [SYNTAX] : (ANSWERS[type] ?? []);
    return type === "Q" || type === "F" ? [...answers, ready(this.#status)] : answers;
  }
}
