import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { screenOn } from "../../../src/cli/demo/screen.ts";

function shown(isTerminal: boolean): string {
  const stream = Object.assign(new PassThrough({ encoding: "utf8" }), { isTTY: isTerminal });
  // A terminal's stream as far as a screen uses it.
  const screen = screenOn(stream as unknown as NodeJS.WriteStream);
  screen.live("1 of 2");
  screen.live("2 of 2");
  screen.line("done");
  return String(stream.read());
}

test("a file gets only the lines that stay", () => {
  expect(shown(false)).toBe("done\n");
});

test("on a terminal the last line is written over", () => {
  expect(shown(true)).toBe("\r1 of 2\u001b[K\r2 of 2\u001b[K\rdone\u001b[K\n");
});
