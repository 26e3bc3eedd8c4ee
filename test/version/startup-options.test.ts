import { expect, test } from "vitest";
import { parseStartupOptions } from "../../src/version/startup-options.ts";

const cases = [
  { options: "", settings: {} },
  { options: "-c a=b", settings: { a: "b" } },
  { options: "-ca=b", settings: { a: "b" } },
  { options: "--a=b", settings: { a: "b" } },
  { options: "  -c \t a=b\n--c=d ", settings: { a: "b", c: "d" } },
  { options: "-c a=1 -c a=2", settings: { a: "2" } },
  { options: "--Lock-Timeout=5s", settings: { lock_timeout: "5s" } },
  { options: String.raw`-c a=one\ two`, settings: { a: "one two" } },
  { options: String.raw`-c a=one\\two`, settings: { a: String.raw`one\two` } },
  { options: String.raw`-c a=one\ `, settings: { a: "one " } },
  { options: "-c a=b\\", settings: { a: "b" } },
  { options: "-c a=b=c", settings: { a: "b=c" } },
  { options: "-c a=", settings: { a: "" } },
  { options: "-c a", settings: {} },
  { options: "-c", settings: {} },
  { options: "-c =b", settings: {} },
  { options: "-d 5 --a=b", settings: { a: "b" } },
  { options: "-d --a=b", settings: {} },
  { options: "-e a=b", settings: {} },
  { options: "-c a=b -- -c a=c", settings: { a: "b" } },
];

for (const { options, settings } of cases) {
  test(`options ${JSON.stringify(options)}`, () => {
    expect(Object.fromEntries(parseStartupOptions(options))).toEqual(settings);
  });
}
