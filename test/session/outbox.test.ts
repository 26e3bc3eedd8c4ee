import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { Outbox } from "../../src/session/outbox.ts";

function collect() {
  const written: Buffer[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  // Only what a socket shares with every stream is used.
  const outbox = new Outbox(stream as ConstructorParameters<typeof Outbox>[0]);
  return { outbox, stream, texts: () => written.map(String), written };
}

const CHUNK = Buffer.from("abcdefghij");

test("neighbouring slices of a chunk are one write, without a copy", () => {
  const { outbox, written } = collect();
  outbox.addSlice(CHUNK, 0, 4);
  outbox.addSlice(CHUNK, 4, 10);
  outbox.flush();
  expect(written).toHaveLength(1);
  expect(written[0]).toBe(CHUNK);
});

test("a gap, an own message and another chunk keep their order", () => {
  const { outbox, texts } = collect();
  outbox.addSlice(CHUNK, 0, 2);
  outbox.addSlice(CHUNK, 4, 6);
  outbox.add(Buffer.from("own"));
  outbox.addSlice(CHUNK, 6, 10);
  outbox.flush();
  expect(texts().join("|")).toBe("ab|ef|own|ghij");
  expect(outbox.byteCount).toBe(11);
});

test("nothing is written before flush, and nothing twice", () => {
  const { outbox, texts } = collect();
  outbox.add(CHUNK);
  expect(texts()).toEqual([]);
  outbox.flush();
  outbox.flush();
  expect(texts()).toEqual(["abcdefghij"]);
});

test("a peer that is gone gets nothing, and it is no error", () => {
  const { outbox, stream, texts } = collect();
  stream.destroy();
  outbox.add(CHUNK);
  outbox.flush();
  expect(texts()).toEqual([]);
});
