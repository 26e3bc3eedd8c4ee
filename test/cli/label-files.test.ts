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

test("a file is read again after a second, and its loss is seen and told once", () => {
  vi.useFakeTimers();
  const turns: string[] = [];
  const files = new LabelFiles((_, problem) => turns.push(problem));
  const seen: (string | undefined)[] = [];
  const steps = [
    { write: undefined, afterMs: 0 },
    { write: undefined, afterMs: 1_000 },
    { write: "a", afterMs: 1_000 },
    { write: "b", afterMs: 900 },
    { write: "c", afterMs: 100 },
    { write: undefined, afterMs: 1_000 },
    { write: undefined, afterMs: 1_000 },
  ];
  for (const { write, afterMs } of steps) {
    if (write === undefined) rmSync(file, { force: true });
    else writeFileSync(file, write);
    vi.advanceTimersByTime(afterMs);
    seen.push(files.contents(file));
  }
  expect(seen).toEqual([undefined, undefined, "a", "a", "c", undefined, undefined]);
  const missing = `${file}: there is no such file or socket`;
  expect(turns).toEqual([missing, "", missing]);
});
