import { expect, test } from "vitest";
import { ByteReader } from "../../src/wire/byte-reader.ts";
import { hex } from "../support/hex.ts";

const BYTES = hex("00 ff fffe 80000000 6162 00 c3a4 00 0102");

test("reads each kind, in order, and says what is left", () => {
  const reader = new ByteReader(BYTES, 1, BYTES.length);
  expect(reader.byte()).toBe(255);
  expect(reader.int16()).toBe(-2);
  expect(reader.int32()).toBe(-2_147_483_648);
  expect(reader.text()).toBe("ab");
  expect(reader.text()).toBe("ä");
  expect(reader.remaining).toBe(2);
  expect(reader.bytes(2)).toEqual(hex("0102"));
  expect(reader.remaining).toBe(0);
});

test("text as latin1 is its bytes", () => {
  expect(new ByteReader(hex("c3a4 00"), 0, 3).text("latin1")).toBe("Ã¤");
});

const malformed = expect.objectContaining({ code: "frame_malformed" });
const reads: { name: string; size: number; read: (reader: ByteReader) => unknown }[] = [
  { name: "byte", size: 1, read: (reader) => reader.byte() },
  { name: "int16", size: 2, read: (reader) => reader.int16() },
  { name: "int32", size: 4, read: (reader) => reader.int32() },
  { name: "bytes", size: 5, read: (reader) => reader.bytes(5) },
  { name: "text", size: 5, read: (reader) => reader.text() },
];

for (const { name, size, read } of reads) {
  test(`${name}: the end of the message is the end, whatever is behind it`, () => {
    const buffer = hex("61 61 61 61 00 61 00 61");
    for (let end = 0; end < size; end++) {
      expect(() => read(new ByteReader(buffer, 0, end))).toThrow(malformed);
    }
    expect(() => read(new ByteReader(buffer, 0, size))).not.toThrow();
  });
}

test("a negative size is malformed", () => {
  expect(() => new ByteReader(BYTES, 0, BYTES.length).bytes(-1)).toThrow(malformed);
});
