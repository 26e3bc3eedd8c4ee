import { connect, type Socket } from "node:net";
import { copyData, copyDone, query, startup } from "../support/client-frames.ts";
import { THIS_DATABASE } from "../support/server.ts";

/** A message of the server. */
export interface Message {
  readonly type: string;
  readonly body: Buffer;
}

/** What COPY FROM STDIN gets. It goes along with the statement, before what is sent behind that. */
export function dataFor(sql: string): readonly Buffer[] {
  return /^COPY\b.*\bSTDIN\b/is.test(sql) ? [copyData("31|32\n"), copyDone()] : [];
}

/**
 * A client that sends many statements without waiting, and gives the answer of each. In both its database is called
 * `THIS_DATABASE`.
 */
export class PipelinedClient {
  readonly #socket: Socket;
  #database: string | undefined;
  #received: Buffer = Buffer.alloc(0);
  #answer: Message[] = [];
  readonly #waiting: ((answer: readonly Message[]) => void)[] = [];
  readonly #failed: ((error: Error) => void)[] = [];

  static async connect(parameters: {
    readonly host: string;
    readonly port: number;
    readonly startup: Readonly<Record<string, string>>;
  }): Promise<PipelinedClient> {
    const { host, port } = parameters;
    const socket = connect({ host, port, noDelay: true });
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const client = new PipelinedClient(socket);
    await client.#ask(startup(parameters.startup));
    client.#database = parameters.startup["database"];
    return client;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      for (const fail of this.#failed.splice(0)) fail(new Error("the connection is gone"));
    });
  }

  /** The messages up to ReadyForQuery. */
  run(sql: string): Promise<readonly Message[]> {
    return this.#ask(Buffer.concat([query(sql), ...dataFor(sql)]));
  }

  /** The same with frames of the client's choice, which have to end with one Sync. */
  send(...frames: readonly Buffer[]): Promise<readonly Message[]> {
    return this.#ask(Buffer.concat(frames));
  }

  end(): void {
    this.#socket.destroy();
  }

  #ask(bytes: Buffer): Promise<readonly Message[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      this.#failed.push(reject);
      this.#socket.write(renamed(bytes, THIS_DATABASE, this.#database));
    });
  }

  #take(chunk: Buffer): void {
    const bytes = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    let start = 0;
    while (start + 5 <= bytes.length) {
      const end = start + 1 + bytes.readInt32BE(start + 1);
      if (end > bytes.length) break;
      this.#message(String.fromCharCode(bytes[start] ?? 0), bytes.subarray(start + 5, end));
      start = end;
    }
    this.#received = bytes.subarray(start);
  }

  #message(type: string, body: Buffer): void {
    if (type !== "Z") {
      this.#answer.push({ type, body: renamed(body, this.#database, THIS_DATABASE) });
      return;
    }
    const answer = this.#answer;
    this.#answer = [];
    this.#failed.shift();
    this.#waiting.shift()?.(answer);
  }
}

/** The bytes with a name exchanged for one of the same length. */
function renamed(bytes: Buffer, from: string | undefined, to: string | undefined): Buffer {
  if (from === undefined || to === undefined || !bytes.includes(from)) return bytes;
  return Buffer.from(bytes.toString("latin1").replaceAll(from, to), "latin1");
}
