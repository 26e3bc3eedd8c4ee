import { expect, test } from "vitest";
import { isLastWord } from "../../src/session/last-word.ts";
import { encodeErrorResponse } from "../../src/wire/encode.ts";

const cases: readonly {
  readonly name: string;
  readonly fields: Record<string, string>;
  readonly is: boolean;
}[] = [
  { name: "a FATAL", fields: { S: "FATAL", V: "FATAL", C: "57P01" }, is: true },
  { name: "a PANIC", fields: { S: "PANIK", V: "PANIC", C: "XX000" }, is: true },
  { name: "an ERROR", fields: { S: "ERROR", V: "ERROR", C: "42703" }, is: false },
  { name: "an ERROR in German", fields: { S: "FEHLER", V: "ERROR", C: "42703" }, is: false },
  { name: "a FATAL of an old server", fields: { S: "FATAL", C: "28000" }, is: true },
  {
    name: "the warning of a shutdown",
    fields: { S: "WARNING", V: "WARNING", C: "57P01" },
    is: true,
  },
  { name: "the warning of a crash", fields: { S: "WARNING", V: "WARNING", C: "57P02" }, is: true },
  { name: "another warning", fields: { S: "WARNING", V: "WARNING", C: "01000" }, is: false },
  { name: "one without fields", fields: {}, is: false },
];
for (const { name, fields, is } of cases) {
  test(`${name}: ${is}`, () => {
    const before = Buffer.from("before");
    const bytes = encodeErrorResponse(new Map(Object.entries(fields)));
    const buffer = Buffer.concat([before, bytes, Buffer.from("after")]);
    expect(isLastWord(buffer, before.length, before.length + bytes.length)).toBe(is);
  });
}
