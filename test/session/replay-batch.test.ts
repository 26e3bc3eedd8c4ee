import { expect, test } from "vitest";
import { ReplayBatch } from "../../src/session/replay-batch.ts";
import { encodeQuery, SYNC } from "../../src/wire/encode.ts";

const SIZE_MAX = 30;

/** A message of `size` bytes. */
const message = (size: number) => encodeQuery("x".repeat(size - 6), "latin1");

const add = (batch: ReplayBatch, ...frames: readonly Buffer[]) => {
  const buffer = Buffer.concat(frames);
  let start = 0;
  for (const frame of frames) {
    batch.add({ buffer, start, end: start + frame.length }, SIZE_MAX);
    start += frame.length;
  }
};

const filled = (isReplay = false) => {
  const batch = new ReplayBatch({ isReplay });
  add(batch, message(10), message(10));
  return batch;
};

test("gives messages one by one, whether or not they came in one read", () => {
  const batch = new ReplayBatch({ isReplay: false });
  add(batch, message(8), message(7));
  add(batch, SYNC);
  expect(batch.frames).toEqual([message(8), message(7), SYNC]);
});

test("leaves out what stands between two messages", () => {
  const batch = new ReplayBatch({ isReplay: false });
  const buffer = Buffer.concat([message(8), Buffer.from("gap"), SYNC]);
  batch.add({ buffer, start: 0, end: 8 }, SIZE_MAX);
  batch.add({ buffer, start: 11, end: 16 }, SIZE_MAX);
  expect(batch.frames).toEqual([message(8), SYNC]);
});

const cases: { name: string; change: (batch: ReplayBatch) => void; can: boolean }[] = [
  { name: "a whole batch that the client saw nothing of", change: () => undefined, can: true },
  {
    name: "one at its limit",
    change: (batch) => add(batch, message(10)),
    can: true,
  },
  {
    name: "one over its limit",
    change: (batch) => add(batch, message(11)),
    can: false,
  },
  {
    name: "one whose answer has begun",
    change: (batch) => {
      batch.isDelivered = true;
    },
    can: false,
  },
  {
    name: "one with a message that was too large to keep",
    change: (batch) => {
      batch.isWhole = false;
    },
    can: false,
  },
];

for (const { name, change, can } of cases) {
  test(`${name} can ${can ? "" : "not "}be sent again`, () => {
    const batch = filled();
    change(batch);
    expect(batch.canReplay).toBe(can);
  });
}

test("one that was sent again is not a second time", () => {
  expect(filled(true).canReplay).toBe(false);
});

test("over its limit it keeps nothing", () => {
  const batch = filled();
  add(batch, message(11));
  add(batch, message(6));
  expect(batch.frames).toEqual([]);
});
