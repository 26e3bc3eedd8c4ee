import { expect, test } from "vitest";
import { decodeBindParameters, formatParameterSizes } from "../../src/audit/parameters.ts";
import { hex } from "../support/hex.ts";

/** A Bind to the statement "s" with these bytes after the two names. */
function bind(tail: string): Buffer {
  const body = Buffer.concat([hex("00 7300"), hex(tail)]);
  const frame = Buffer.concat([hex("42 00000000"), body]);
  frame.writeInt32BE(frame.length - 1, 1);
  return frame;
}

function show(frame: Buffer): readonly string[] | undefined {
  return decodeBindParameters(frame)?.map(
    ({ value, isBinary }) => `${isBinary ? "binary" : "text"} ${value?.toString("hex") ?? "null"}`,
  );
}

const cases: { name: string; tail: string; parameters: string[] | undefined }[] = [
  { name: "no parameters", tail: "0000 0000 0000", parameters: [] },
  {
    name: "without formats all are text",
    tail: "0000 0002 00000002 3432 00000000 0000",
    parameters: ["text 3432", "text "],
  },
  {
    name: "one format stands for all",
    tail: "0001 0001 0002 00000001 07 ffffffff 0000",
    parameters: ["binary 07", "binary null"],
  },
  {
    name: "a format for each",
    tail: "0002 0000 0001 0002 00000001 37 00000001 07 0000",
    parameters: ["text 37", "binary 07"],
  },
  { name: "fewer formats than parameters", tail: "0002 0000 0001 0003", parameters: undefined },
  { name: "more parameters than bytes", tail: "0000 ffff 00000001 37", parameters: undefined },
  { name: "more formats than bytes", tail: "ffff 0001", parameters: undefined },
  { name: "a length of -2", tail: "0000 0001 fffffffe 37", parameters: undefined },
  { name: "a length of 2 GB", tail: "0000 0001 7fffffff 37", parameters: undefined },
];
for (const { name, tail, parameters } of cases) {
  test(name, () => expect(show(bind(tail))).toEqual(parameters));
}

test("a frame cut anywhere before its last value ends is not decoded", () => {
  const frame = bind("0001 0001 0002 00000001 07 00000002 0102 0000");
  const valuesEnd = frame.length - 2;
  for (let end = 0; end < valuesEnd; end++) expect(show(frame.subarray(0, end))).toBeUndefined();
  expect(show(frame)).toEqual(["binary 07", "binary 0102"]);
});

test("a name without its end is not decoded", () => {
  expect(show(hex("42 00000006 7373"))).toBeUndefined();
});

test("sizes are told in order, with null for NULL", () => {
  const parameters = decodeBindParameters(bind("0000 0003 00000002 3432 ffffffff 00000000 0000"));
  expect(formatParameterSizes(parameters ?? [])).toBe("[2,null,0]");
});
