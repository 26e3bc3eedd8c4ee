import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ConfigWatch } from "../../src/cli/config-watch.ts";

let folder: string;
let file: string;
let watch: ConfigWatch | undefined;
const seen: string[] = [];

function start(pollIntervalMs: number): void {
  watch = new ConfigWatch({
    file,
    pollIntervalMs,
    onChange: (loaded) =>
      seen.push(loaded.kind === "ok" ? `port ${loaded.config.listen.port}` : loaded.message),
  });
}

function yaml(port: number): string {
  return `server: { host: db }\nlisten: { port: ${port} }\n`;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "straddle-watch-"));
  file = join(folder, "straddle.yaml");
  writeFileSync(file, yaml(1));
  seen.length = 0;
});

afterEach(() => {
  watch?.stop();
  rmSync(folder, { recursive: true });
});

const HOUR_MS = 3_600_000; // The poll has no part in these.

const changes: readonly { readonly name: string; readonly change: () => void }[] = [
  { name: "written in place", change: () => writeFileSync(file, yaml(2)) },
  {
    name: "replaced by a rename, as editors do",
    change: () => {
      writeFileSync(`${file}~`, yaml(2));
      renameSync(`${file}~`, file);
    },
  },
  {
    name: "taken away and made again",
    change: () => {
      rmSync(file);
      writeFileSync(file, yaml(2));
    },
  },
];

for (const { name, change } of changes) {
  test(`sees a file that is ${name}, once`, async () => {
    start(HOUR_MS);
    change();
    await vi.waitFor(() => expect(seen).toEqual(["port 2"]), { timeout: 5_000 });
  });
}

test("sees the symbolic links of a ConfigMap swapped, twice in a row", async () => {
  rmSync(file);
  for (const [name, port] of [
    ["..1", 1],
    ["..2", 2],
    ["..3", 3],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "straddle.yaml"), yaml(port));
  }
  symlinkSync("..1", join(folder, "..data"));
  symlinkSync("..data/straddle.yaml", file);
  start(HOUR_MS);
  for (const port of [2, 3]) {
    symlinkSync(`..${port}`, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    await vi.waitFor(() => expect(seen.at(-1)).toBe(`port ${port}`), { timeout: 5_000 });
  }
});

test("tells of a bad file, and of the good one after it", async () => {
  start(HOUR_MS);
  writeFileSync(file, "server: { hots: db }");
  const bad = `${file}: server.hots is not a key; did you mean host?`;
  await vi.waitFor(() => expect(seen).toEqual([bad]), { timeout: 5_000 });
  writeFileSync(file, yaml(3));
  await vi.waitFor(() => expect(seen).toEqual([bad, "port 3"]), { timeout: 5_000 });
});

test("the poll sees what the watch can't: a link's target in another folder", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "straddle-elsewhere-"));
  try {
    const target = join(elsewhere, "straddle.yaml");
    writeFileSync(target, yaml(1));
    rmSync(file);
    symlinkSync(target, file);
    start(20);
    writeFileSync(target, yaml(2));
    await vi.waitFor(() => expect(seen).toEqual(["port 2"]), { timeout: 5_000 });
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

test("a file written again with the same contents, and another file, are no change", async () => {
  start(20);
  writeFileSync(file, yaml(1));
  writeFileSync(join(folder, "another"), "x");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(seen).toEqual([]);
});
