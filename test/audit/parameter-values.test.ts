import { expect, test } from "vitest";
import { formatParameterValues } from "../../src/audit/parameter-values.ts";

const SIZE_MAX = 6;

const cases: { name: string; value: Buffer | null; isBinary?: boolean; json: unknown }[] = [
  { name: "NULL", value: null, json: null },
  { name: "text", value: Buffer.from("42"), json: "42" },
  { name: "no text", value: Buffer.from(""), json: "" },
  { name: "text that JSON must escape", value: Buffer.from('a"\\\n'), json: 'a"\\\n' },
  { name: "text at the limit", value: Buffer.from("sixsix"), json: "sixsix" },
  {
    name: "text above the limit",
    value: Buffer.from("seven77"),
    json: { text: "seven7", size: 7 },
  },
  {
    name: "two-byte characters are not cut",
    value: Buffer.from("éééé"),
    json: { text: "ééé", size: 8 },
  },
  {
    name: "a two-byte character at the cut",
    value: Buffer.from("aéééé"),
    json: { text: "aéé", size: 9 },
  },
  {
    name: "a three-byte character at the cut",
    value: Buffer.from("aa€€"),
    json: { text: "aa€", size: 8 },
  },
  {
    name: "a four-byte character at the cut",
    value: Buffer.from("aaa😀"),
    json: { text: "aaa", size: 7 },
  },
  { name: "text that is not UTF-8", value: Buffer.from([0xe9, 0x41]), json: { base64: "6UE=" } },
  {
    name: "text above the limit that is not UTF-8",
    value: Buffer.from([0xe9, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41]),
    json: { base64: "6UFBQUFB", size: 7 },
  },
  {
    name: "binary",
    value: Buffer.from([0, 0, 0, 1]),
    isBinary: true,
    json: { base64: "AAAAAQ==" },
  },
  {
    name: "binary above the limit",
    value: Buffer.alloc(7),
    isBinary: true,
    json: { base64: "AAAAAAAA", size: 7 },
  },
];
for (const { name, value, isBinary = false, json } of cases) {
  test(name, () => {
    const text = formatParameterValues([{ value, isBinary }], SIZE_MAX);
    expect(JSON.parse(text)).toEqual([json]);
  });
}

test("values keep their order", () => {
  const values = ["a", "b"].map((text) => ({ value: Buffer.from(text), isBinary: false }));
  expect(formatParameterValues(values, SIZE_MAX)).toBe('["a","b"]');
});
