import { frame, int16, int32 } from "../support/client-frames.ts";
import type { Turn } from "./conversations.ts";
import type { Random } from "./random.ts";

/** Breaks a conversation in one place. Turns and frames may be changed in place, bytes may not. */
type Mutation = (turns: Buffer[][], random: Random, other: readonly Turn[]) => void;

const TYPES = Buffer.from("BCDEFHPQSXcdfpvZ\0\xff", "latin1");
const NAMES = ["", "s", "t", "c", "p", "n".repeat(63), "n".repeat(64), "N".repeat(5_000), "ä"];
const LENGTHS = [
  0, 3, 4, 5, 6, 8, 100, 9_999, 10_000, 10_001, 20_000, 70_000, 0x3fffffff, 0x40000000, 0x7fffffff,
  -1, -0x80000000,
];

function place(turns: readonly Buffer[][], random: Random): { turn: Buffer[]; at: number } {
  const turn = random.pick(turns.filter((each) => each.length > 0));
  return { turn, at: random.below(turn.length) };
}

/** Exchanges one message for what `change` makes of it. */
const changed =
  (change: (bytes: Buffer, random: Random) => Buffer): Mutation =>
  (turns, random) => {
    const { turn, at } = place(turns, random);
    turn[at] = change(Buffer.from(turn[at] ?? []), random);
  };

/** Its length is made right again. */
function mended(bytes: Buffer): Buffer {
  if (bytes.length >= 5) bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
}

function withLength(bytes: Buffer, length: number): Buffer {
  if (bytes.length >= 5) bytes.writeInt32BE(length | 0, 1);
  return bytes;
}

const flipped = (bytes: Buffer, random: Random, from: number): Buffer => {
  if (bytes.length <= from) return bytes;
  const at = from + random.below(bytes.length - from);
  bytes[at] = random.isOneIn(2) ? random.below(256) : (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes;
};

const renamed = (bytes: Buffer, random: Random): Buffer => {
  const type = bytes.toString("latin1", 0, 1);
  const hasTarget = type === "D" || type === "C";
  if (!hasTarget && !["P", "B", "E"].includes(type)) return bytes;
  const start = hasTarget ? 6 : 5;
  const first = bytes.indexOf(0, start);
  const isSecond = type === "B" && random.isOneIn(2);
  const nameStart = isSecond ? first + 1 : start;
  const nameEnd = isSecond ? bytes.indexOf(0, nameStart) : first;
  if (first === -1 || nameEnd === -1) return bytes;
  const name = Buffer.from(random.pick(NAMES));
  return mended(Buffer.concat([bytes.subarray(0, nameStart), name, bytes.subarray(nameEnd)]));
};

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  drop: (turns, random) => {
    const { turn, at } = place(turns, random);
    turn.splice(at, 1);
  },
  double: (turns, random) => {
    const { turn, at } = place(turns, random);
    turn.splice(at, 0, ...turn.slice(at, at + 1));
  },
  swap: (turns, random) => {
    const one = place(turns, random);
    const two = place(turns, random);
    const bytes = one.turn[one.at] ?? Buffer.alloc(0);
    one.turn[one.at] = two.turn[two.at] ?? bytes;
    two.turn[two.at] = bytes;
  },
  "join turns": (turns, random) => {
    const at = random.below(turns.length);
    const next = turns.splice(at + 1, 1 + random.below(3)).flat();
    turns[at]?.push(...next);
  },
  "split a turn": (turns, random) => {
    const at = random.below(turns.length);
    const turn = turns[at] ?? [];
    turns.splice(at + 1, 0, turn.splice(random.below(turn.length + 1)));
  },
  "messages of another": (turns, random, other) => {
    const { turn, at } = place(turns, random);
    turn.splice(at, random.below(2), ...random.pick(other));
  },
  "a Sync": (turns, random) => {
    const { turn, at } = place(turns, random);
    turn.splice(at, 0, frame(random.pick(["S", "S", "H", "c", "f"])));
  },
  cut: changed((bytes, random) => bytes.subarray(0, random.below(bytes.length + 1))),
  "cut, with its length": changed((bytes, random) =>
    bytes.length < 5
      ? bytes
      : mended(Buffer.from(bytes.subarray(0, 5 + random.below(bytes.length - 4)))),
  ),
  "more bytes, with their length": changed((bytes, random) =>
    mended(Buffer.concat([bytes, Buffer.alloc(1 + random.below(6), random.below(256))])),
  ),
  "more bytes": changed((bytes, random) =>
    Buffer.concat([bytes, Buffer.alloc(1 + random.below(6), random.below(256))]),
  ),
  length: changed((bytes, random) => withLength(bytes, random.pick(LENGTHS))),
  "length, nearly right": changed((bytes, random) =>
    withLength(bytes, bytes.length - 1 + random.below(9) - 4),
  ),
  type: changed((bytes, random) => {
    bytes[0] = TYPES[random.below(TYPES.length)] ?? 0;
    return bytes;
  }),
  "a byte": changed((bytes, random) => flipped(bytes, random, 0)),
  "a byte of the body": changed((bytes, random) => flipped(bytes, random, 5)),
  "a NUL": changed((bytes, random) => {
    if (bytes.length > 5) bytes[5 + random.below(bytes.length - 5)] = 0;
    return bytes;
  }),
  "a number": changed((bytes, random) => {
    const number = random.isOneIn(2)
      ? int16(random.pick([-1, 0, 1, 2, 0x7fff, -0x8000]))
      : int32(random.pick([-1, 0, 1, 2, 0x7fffffff, -0x80000000]));
    const room = bytes.length - 5 - number.length;
    if (room >= 0) number.copy(bytes, 5 + random.below(room + 1));
    return bytes;
  }),
  name: changed(renamed),
};

export interface Mutated {
  readonly turns: readonly Turn[];
  readonly mutations: readonly string[];
}

/** A conversation with one to four things wrong; now and then with none. */
export function mutate(turns: readonly Turn[], random: Random, other: readonly Turn[]): Mutated {
  const result = turns.map((turn) => [...turn]);
  const mutations: string[] = [];
  const count = random.isOneIn(20) ? 0 : 1 + random.below(4);
  for (let done = 0; done < count && result.some((turn) => turn.length > 0); done++) {
    const name = random.pick(Object.keys(MUTATIONS));
    MUTATIONS[name]?.(result, random, other);
    mutations.push(name);
  }
  return { turns: result, mutations };
}

/** Cuts bytes into odd chunks, or leaves them as they are. */
export function chunked(bytes: Buffer, random: Random): readonly Buffer[] {
  if (bytes.length === 0 || random.isOneIn(2)) return [bytes];
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = random.pick([1, 1, 2, 3, 5, 7, 11, 64, 1_000, bytes.length]);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
    // A conversation of many bytes is not sent in thousands of writes.
    if (chunks.length === 40) {
      chunks.push(bytes.subarray(at));
      break;
    }
  }
  return chunks;
}

const SERVER_TYPES = Buffer.from("123ACDEGHIKNRSTVWZcdnstv\0\xff", "latin1");

const ANSWERS: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  () => Buffer.alloc(0),
  (bytes) => Buffer.concat([bytes, bytes]),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => mended(Buffer.from(bytes.subarray(0, 5 + random.below(bytes.length - 4)))),
  (bytes, random) => mended(Buffer.concat([bytes, Buffer.alloc(1 + random.below(6))])),
  (bytes, random) => withLength(bytes, random.pick(LENGTHS)),
  (bytes, random) => flipped(bytes, random, 0),
  (bytes, random) => flipped(bytes, random, 5),
  (bytes, random) => {
    bytes[0] = SERVER_TYPES[random.below(SERVER_TYPES.length)] ?? 0;
    return bytes;
  },
  (bytes, random) => {
    const type = String.fromCharCode(SERVER_TYPES[random.below(SERVER_TYPES.length)] ?? 0);
    return Buffer.concat([frame(type, Buffer.alloc(random.below(8), random.below(256))), bytes]);
  },
  (bytes, random) => {
    if (bytes.length > 5) bytes[5 + random.below(bytes.length - 5)] = 0;
    return bytes;
  },
];

/** A message of the server with one thing wrong. */
export function brokenAnswer(message: Buffer, random: Random): Buffer {
  return random.pick(ANSWERS)(Buffer.from(message), random);
}
