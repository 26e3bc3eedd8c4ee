import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Sink } from "../../src/audit/sink.ts";
import { until } from "../support/until.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "straddle-sink-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const reports: string[] = [];
const log = {
  problem: (message: string) => reports.push(message),
  info: (message: string) => reports.push(message),
};

function openFile(path: string): Promise<Sink> {
  reports.length = 0;
  return Sink.open({ kind: "file", path }, log);
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index} ${"é".repeat(index % 50)}\n`);
}

test("lines arrive in order, whatever their number, and the file is the owner's alone", async () => {
  const path = join(folder, "ordered");
  const sink = await openFile(path);
  const lines = numbered(20_000);
  for (const line of lines) sink.write(line);
  await sink.close(5_000);
  expect(readFileSync(path, "utf8")).toBe(lines.join(""));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(sink.pendingSize).toBe(0);
});

test("a single line arrives without waiting for others", async () => {
  const path = join(folder, "single");
  const sink = await openFile(path);
  sink.write("alone\n");
  await until("the line is in the file", () => readFileSync(path, "utf8") === "alone\n");
  await sink.close(1_000);
});

test("lines larger than a chunk keep their place", async () => {
  const path = join(folder, "large");
  const sink = await openFile(path);
  const lines = ["small\n", `${"é".repeat(50_000)}\n`, "small\n", `${"x".repeat(500_000)}\n`];
  for (const line of lines) sink.write(line);
  expect(sink.pendingSize).toBe(Buffer.byteLength(lines.join("")));
  await sink.close(5_000);
  expect(readFileSync(path, "utf8")).toBe(lines.join(""));
});

test("an existing file is appended to", async () => {
  const path = join(folder, "existing");
  writeFileSync(path, "before\n");
  const sink = await openFile(path);
  sink.write("after\n");
  await sink.close(1_000);
  expect(readFileSync(path, "utf8")).toBe("before\nafter\n");
});

test("a file that can't be opened is refused at once", async () => {
  await expect(openFile(join(folder, "no-such-folder", "file"))).rejects.toThrow("ENOENT");
});

test("a rotated file: what came before the move is in the old one, what comes after in the new", async () => {
  const path = join(folder, "rotated");
  const sink = await openFile(path);
  sink.write("old\n");
  await until("the line is written", () => sink.pendingSize === 0);
  renameSync(path, `${path}.1`);
  await sink.reopen();
  sink.write("new\n");
  await sink.close(1_000);
  expect(readFileSync(`${path}.1`, "utf8")).toBe("old\n");
  expect(readFileSync(path, "utf8")).toBe("new\n");
});

test("no line is lost or torn while the file is rotated under load", async () => {
  const path = join(folder, "busy");
  const sink = await openFile(path);
  const lines = numbered(30_000);
  let rotation = 0;
  for (const [index, line] of lines.entries()) {
    sink.write(line);
    if (index % 5_000 !== 4_999) continue;
    rotation += 1;
    renameSync(path, `${path}.${rotation}`);
    await sink.reopen();
  }
  await sink.close(5_000);
  const files = Array.from({ length: rotation }, (_, index) => `${path}.${index + 1}`);
  const written = [...files, path].map((file) => readFileSync(file, "utf8"));
  for (const text of written) expect(text === "" || text.endsWith("\n")).toBe(true);
  expect(written.join("")).toBe(lines.join(""));
});

test("a name that can't be opened anew leaves the old file in use", async () => {
  const path = join(folder, "kept");
  const sink = await openFile(path);
  renameSync(path, `${path}.1`);
  symlinkSync(join(folder, "no-such-folder", "file"), path);
  await sink.reopen();
  expect(reports).toEqual([`can't open ${path} anew; the old one is kept`]);
  sink.write("still\n");
  await sink.close(1_000);
  expect(readFileSync(`${path}.1`, "utf8")).toBe("still\n");
});

test("a full disk is told once, and nothing is lost when there is room again", async () => {
  const path = join(folder, "full");
  symlinkSync("/dev/full", path);
  const sink = await openFile(path);
  let changes = 0;
  sink.onChange = () => {
    changes += 1;
  };
  const lines = numbered(5_000);
  for (const line of lines) sink.write(line);
  await until("the sink fails", () => sink.problem !== undefined);
  expect(sink.problem).toContain("ENOSPC");
  expect(changes).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 250)); // Time for a second try.
  expect(reports).toEqual([`can't write ${path}`]);

  rmSync(path);
  await sink.reopen();
  await until("all is written", () => sink.pendingSize === 0);
  expect(sink.problem).toBeUndefined();
  expect(changes).toBeGreaterThan(1);
  await sink.close(1_000);
  expect(readFileSync(path, "utf8")).toBe(lines.join(""));
  expect(reports).toEqual([`can't write ${path}`, `${path} can be written again`]);
});

test("closing on a full disk ends at the deadline and says how much is lost", async () => {
  const path = join(folder, "full-at-the-end");
  symlinkSync("/dev/full", path);
  const sink = await openFile(path);
  sink.write("lost\n");
  await sink.close(50);
  expect(reports).toEqual([`can't write ${path}`, "5 bytes of audit records are lost"]);
});

/** A pipe whose reading end is `reader`; its writing end stays open too, as a shell's would. */
function openPipe(name: string): { reader: Socket; fd: number; close(): void } {
  const path = join(folder, name);
  execFileSync("mkfifo", [path]);
  const readerFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, constants.O_WRONLY);
  const reader = new Socket({ fd: readerFd, readable: true, writable: false });
  const close = () => {
    closeSync(fd);
    reader.destroy();
  };
  return { reader, fd, close };
}

test("a pipe takes all lines, however slowly it is read", async () => {
  const pipe = openPipe("slow");
  const sink = await Sink.open({ kind: "descriptor", fd: pipe.fd }, log);
  const lines = numbered(20_000);
  for (const line of lines) sink.write(line);
  const chunks: Buffer[] = [];
  pipe.reader.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    pipe.reader.pause();
    setTimeout(() => pipe.reader.resume(), 1);
  });
  await sink.close(10_000);
  const size = Buffer.byteLength(lines.join(""));
  await until("all is read", () => Buffer.concat(chunks).length === size);
  expect(Buffer.concat(chunks).toString()).toBe(lines.join(""));
  pipe.close();
});

test("pipes that nobody reads block no thread, and closing ends at the deadline", async () => {
  reports.length = 0;
  // More of them than libuv has threads: blocked ones would leave none for the file below.
  const pipes = Array.from({ length: 5 }, (_, index) => openPipe(`stalled-${index}`));
  const sinks = await Promise.all(
    pipes.map(({ fd }) => Sink.open({ kind: "descriptor", fd }, log)),
  );
  for (const sink of sinks) for (const line of numbered(5_000)) sink.write(line);
  await Promise.all(sinks.map((sink) => sink.close(100)));
  expect(sinks.map((sink) => sink.problem)).toEqual(sinks.map(() => undefined));
  expect(reports).toHaveLength(5);
  expect(await readFile("package.json", "utf8")).toContain("straddle");
  for (const pipe of pipes) pipe.close();
});
