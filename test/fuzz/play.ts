import { connect, type Socket } from "node:net";
import type { Address } from "../support/wire-client.ts";

/** The connection's last messages come within this time, or it hangs. */
const HANG_MS = 5_000;

/** What came of a conversation. */
export interface Played {
  readonly bytes: Buffer;
  /** How many bytes had come when each turn was over. */
  readonly sizes: readonly number[];
  /** `closed`: the server's side ended it. `open`: it waits for more. */
  readonly end: "closed" | "open";
  /** It waited for more, and was given `PADDING`. */
  readonly isPadded: boolean;
}

/** The end of a message that waits for its end, and what is no message behind it. */
const PADDING = Buffer.alloc(12_000);

/** Sends each turn in its chunks, and gives what came, all of it, as bytes. */
class RawClient {
  size = 0;
  isClosed = false;
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #onChange: (() => void) | undefined;

  static async connect(address: Address): Promise<RawClient> {
    const socket = connect({ ...address, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.size += chunk.length;
      this.#onChange?.();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isClosed = true;
      this.#onChange?.();
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  async send(chunks: readonly Buffer[]): Promise<void> {
    for (const chunk of chunks) {
      if (!this.#socket.writable) return;
      this.#socket.write(chunk);
      if (chunks.length > 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Waits until so many bytes have come, or `timeoutMs` are over, or the connection is. */
  async untilSize(size: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.size < size && !this.isClosed) {
      const left = deadline - performance.now();
      if (left <= 0 || !(await this.#changes(left))) return;
    }
  }

  /** Waits until nothing has come for so long, or the connection is over. */
  async untilQuiet(quietMs: number): Promise<void> {
    while (!this.isClosed && (await this.#changes(quietMs)));
  }

  end(): void {
    this.#socket.destroy();
  }

  /** Whether something happened in this time. */
  #changes(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(false), timeoutMs);
      const done = (isChange: boolean) => {
        clearTimeout(timer);
        this.#onChange = undefined;
        resolve(isChange);
      };
      this.#onChange = () => done(true);
    });
  }
}

/** An answer is over when nothing comes for so long. It is pace only: a server's answers do not hang on it. */
const TURN_QUIET_MS = 2;
/** Nothing comes for a message whose answer the server keeps back. The same holds for it. */
const ANSWER_MS = 10;
/** A server that says nothing for so long waits for more. */
const QUIET_MS = 150;
/** Nothing more comes of answers that are wrong. */
const BROKEN_QUIET_MS = 40;
/** How long to wait for what came directly, before the next turn is sent all the same. */
const TURN_MS = 60;

/** Says all of it to the server itself, and waits until it is quiet. */
export async function playDirect(
  address: Address,
  turns: readonly Buffer[],
  patience: number,
): Promise<Played> {
  const client = await RawClient.connect(address);
  const sizes: number[] = [];
  for (const turn of turns) {
    await client.send([turn]);
    await client.untilSize(client.size + 1, ANSWER_MS * patience);
    await client.untilQuiet(TURN_QUIET_MS * patience);
    sizes.push(client.size);
  }
  await client.untilQuiet(QUIET_MS * patience);
  const isPadded = !client.isClosed;
  if (isPadded) {
    sizes.push(client.size);
    await client.send([PADDING]);
    await client.untilQuiet(QUIET_MS * patience);
  }
  const end = client.isClosed ? "closed" : "open";
  client.end();
  return { bytes: client.bytes, sizes, end, isPadded };
}

/** Says the same at the same pace, and waits for as many bytes and the same end. */
export async function playThrough(
  address: Address,
  turns: readonly (readonly Buffer[])[],
  direct: Played,
  patience: number,
): Promise<Played> {
  const client = await RawClient.connect(address);
  const sizes: number[] = [];
  for (const [index, chunks] of turns.entries()) {
    await client.send(chunks);
    await client.untilSize(direct.sizes[index] ?? 0, TURN_MS);
    sizes.push(client.size);
  }
  if (direct.isPadded) {
    await client.untilSize(direct.sizes.at(-1) ?? 0, HANG_MS);
    await client.send([PADDING]);
  }
  if (direct.end === "closed") {
    await client.untilSize(Number.POSITIVE_INFINITY, HANG_MS);
  } else {
    await client.untilSize(direct.bytes.length, HANG_MS);
    await client.untilQuiet(20 * patience);
  }
  const end = client.isClosed ? "closed" : "open";
  client.end();
  return { bytes: client.bytes, sizes, end, isPadded: direct.isPadded };
}

/**
 * Says it to a server whose answers are wrong. When it has been quiet for a while the server goes,
 * by `hangUp`, and the session has to end.
 */
export async function playBroken(
  address: Address,
  turns: readonly Buffer[],
  hangUp: () => void,
): Promise<{ readonly received: Buffer; readonly isClosed: boolean }> {
  const client = await RawClient.connect(address);
  for (const turn of turns) {
    await client.send([turn]);
    await client.untilSize(client.size + 1, ANSWER_MS);
    await client.untilQuiet(TURN_QUIET_MS);
  }
  await client.untilQuiet(BROKEN_QUIET_MS);
  hangUp();
  await client.untilSize(Number.POSITIVE_INFINITY, HANG_MS);
  const { isClosed } = client;
  client.end();
  return { received: client.bytes, isClosed };
}
