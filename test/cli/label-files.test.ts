import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { LabelFiles } from "../../src/cli/label-files.ts";

const folder = mkdtempSync(join(tmpdir(), "straddle-labels-"));
const file = join(folder, "labels");

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

test("a file is read again after a second, and its loss is seen as well", () => {
  vi.useFakeTimers();
  const files = new LabelFiles();
  const seen: (string | undefined)[] = [];
  const steps = [
    { write: "a", afterMs: 0 },
    { write: "b", afterMs: 900 },
    { write: "c", afterMs: 100 },
    { write: undefined, afterMs: 1_000 },
  ];
  for (const { write, afterMs } of steps) {
    if (write === undefined) rmSync(file);
    else writeFileSync(file, write);
    vi.advanceTimersByTime(afterMs);
    seen.push(files.contents(file));
  }
  expect(seen).toEqual(["a", "a", "c", undefined]);
});
