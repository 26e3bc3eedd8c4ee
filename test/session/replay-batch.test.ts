import { expect, test } from "vitest";
import { ReplayBatch } from "../../src/session/replay-batch.ts";

const filled = (isReplay = false) => {
  const batch = new ReplayBatch({ isReplay });
  batch.add(Buffer.from("abc"), 10);
  batch.add(Buffer.from("def"), 10);
  return batch;
};

test("keeps copies of the messages, in order", () => {
  const batch = new ReplayBatch({ isReplay: false });
  const chunk = Buffer.from("abc");
  batch.add(chunk, 10);
  chunk.fill(0);
  expect(batch.frames.map(String)).toEqual(["abc"]);
});

const cases: { name: string; change: (batch: ReplayBatch) => void; can: boolean }[] = [
  { name: "a whole batch that the client saw nothing of", change: () => undefined, can: true },
  {
    name: "one at its limit",
    change: (batch) => batch.add(Buffer.alloc(4), 10),
    can: true,
  },
  {
    name: "one over its limit",
    change: (batch) => batch.add(Buffer.alloc(5), 10),
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
  batch.add(Buffer.alloc(5), 10);
  batch.add(Buffer.alloc(1), 10);
  expect(batch.frames).toEqual([]);
});
