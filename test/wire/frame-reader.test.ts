import { expect, test } from "vitest";
import { FrameReader, inspectedTypes } from "../../src/wire/frame-reader.ts";
import { ProtocolError } from "../../src/wire/protocol-error.ts";
import { hex } from "../support/hex.ts";

const INSPECTED = inspectedTypes([0x51, 0x53]); // Q and S.

function read(chunks: readonly Buffer[], isDiscarding = false): string[] {
  const reader = new FrameReader({ inspected: INSPECTED, frameSizeMax: 32, headSizeMax: 8 });
  const pieces: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let piece = reader.next(); piece !== "wait"; piece = reader.next()) {
      pieces.push(`${piece} ${reader.buffer.toString("hex", reader.start, reader.end)}`);
      if (piece === "head" && isDiscarding) reader.discardRest();
    }
  }
  return pieces;
}

const large = `51 0000002a ${"61".repeat(38)}`; // 43 bytes, over frameSizeMax.

const cases: { name: string; input: string; pieces?: string[]; error?: string }[] = [
  { name: "an inspected frame arrives whole", input: "53 00000004", pieces: ["frame 5300000004"] },
  {
    name: "a run of passed frames is one piece",
    input: "64 00000005 aa 48 00000004",
    pieces: ["pass 6400000005aa4800000004"],
  },
  {
    name: "a run ends at an inspected frame",
    input: "48 00000004 53 00000004 48 00000004",
    pieces: ["pass 4800000004", "frame 5300000004", "pass 4800000004"],
  },
  { name: "half an inspected frame waits", input: "51 00000006 3b", pieces: [] },
  { name: "a header alone waits", input: "51 0000", pieces: [] },
  {
    name: "half a passed frame does not wait",
    input: "64 00000008 aa",
    pieces: ["pass 6400000008aa"],
  },
  {
    name: "a frame over the limit is a head, and its rest passes with what follows",
    input: `${large} 48 00000004 53 00000004`,
    pieces: ["head 510000002a616161", `pass ${"61".repeat(35)}4800000004`, "frame 5300000004"],
  },
  { name: "a length below 4", input: "51 00000003", error: "frame_too_small" },
  { name: "a negative length", input: "51 ffffffff", error: "frame_too_small" },
  { name: "a length that no server takes", input: "51 7fffffff", error: "frame_too_large" },
  { name: "a bad length of a passed frame", input: "64 00000000", error: "frame_too_small" },
];

for (const { name, input, pieces, error } of cases) {
  test(name, () => {
    if (error === undefined) expect(read([hex(input)])).toEqual(pieces);
    else expect(() => read([hex(input)])).toThrow(expect.objectContaining({ code: error }));
  });
}

test("a discarded rest is dropped, however it is cut", () => {
  const bytes = hex(`${large} 53 00000004`);
  for (let cut = 0; cut <= bytes.length; cut++) {
    expect(read([bytes.subarray(0, cut), bytes.subarray(cut)], true)).toEqual([
      "head 510000002a616161",
      "frame 5300000004",
    ]);
  }
});

test("cutting the stream at every byte changes no byte and no inspected frame", () => {
  const bytes = hex(`48 00000004 51 00000006 3b00 64 00000009 0102030405 ${large} 53 00000004`);
  const whole = read([bytes]);
  const frames = (pieces: string[]) => pieces.filter((piece) => !piece.startsWith("pass"));
  const stream = (pieces: string[]) => pieces.map((piece) => piece.split(" ")[1]).join("");
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      const pieces = read([
        bytes.subarray(0, first),
        bytes.subarray(first, second),
        bytes.subarray(second),
      ]);
      expect(stream(pieces)).toBe(bytes.toString("hex"));
      expect(frames(pieces)).toEqual(frames(whole));
    }
  }
});

test("a byte at a time costs no more memory than the frame", () => {
  const reader = new FrameReader({ inspected: INSPECTED, frameSizeMax: 32, headSizeMax: 8 });
  const seen: string[] = [];
  for (const byte of hex("51 00000008 61626300 53 00000004")) {
    reader.push(Buffer.from([byte]));
    for (let piece = reader.next(); piece !== "wait"; piece = reader.next()) seen.push(piece);
  }
  expect(seen).toEqual(["frame", "frame"]);
});

test("inspecting all makes every type arrive whole", () => {
  const reader = new FrameReader({ inspected: INSPECTED, frameSizeMax: 32, headSizeMax: 8 });
  reader.isInspectingAll = true;
  reader.push(hex("44 00000005 aa"));
  expect(reader.next()).toBe("frame");
});

test("a protocol error carries its code", () => {
  expect(new ProtocolError("frame_too_small", "x").code).toBe("frame_too_small");
});

test("a type that is none, and a length that is too much for its type, are thrown for at once", () => {
  const lengthMax = new Int32Array(256);
  lengthMax[0x53] = 8;
  const options = { inspected: INSPECTED, frameSizeMax: 32, headSizeMax: 8, lengthMax };
  const reading = (digits: string) => () => {
    const reader = new FrameReader(options);
    reader.push(hex(digits));
    reader.next();
  };
  expect(reading("51")).toThrow(expect.objectContaining({ code: "frame_unknown" }));
  expect(reading("53 00000009")).toThrow(expect.objectContaining({ code: "frame_too_large" }));
  expect(reading("53 00000008")).not.toThrow();
});

/** What has come so far, and whether it ends within something that was passed on in part. */
const insides: { name: string; input: string; isInside: boolean }[] = [
  { name: "nothing", input: "", isInside: false },
  { name: "a passed frame", input: "64 00000008 aabbccdd", isInside: false },
  { name: "a part of a passed frame", input: "64 00000008 aa", isInside: true },
  {
    name: "a passed frame and a part of another header",
    input: "48 00000004 64 00",
    isInside: false,
  },
  { name: "a part of an inspected frame, which waits", input: "51 00000008 aa", isInside: false },
  { name: "the head of a frame over the limit", input: "51 0000002a 61616161", isInside: true },
  { name: "all of a frame over the limit", input: large, isInside: false },
];
for (const { name, input, isInside } of insides) {
  test(`${name}: ${isInside ? "inside of" : "between"} frames`, () => {
    const reader = new FrameReader({ inspected: INSPECTED, frameSizeMax: 32, headSizeMax: 8 });
    reader.push(hex(input));
    while (reader.next() !== "wait");
    expect(reader.isInsideFrame).toBe(isInside);
  });
}
