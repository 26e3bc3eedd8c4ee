import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { AnalysisQuestion } from "../../src/session/analysis.ts";
import { type AnalysisResult, AnalysisThread } from "../../src/session/analysis-thread.ts";
import { Catalog } from "../../src/version/catalog.ts";

/** A program in the place of the parser: it does what the text says. */
const PROGRAM = `
  import { parentPort, threadId } from "node:worker_threads";
  parentPort.on("message", ({ kind, text, relations }) => {
    if (kind === "catalog") parentPort.epoch = relations.length;
    else if (text === "loop") for (;;);
    else if (text === "throw") throw new Error("a bug");
    else if (text === "exit") process.exit(1);
    else if (text === "memory") for (const all = []; ; ) all.push(new Array(1000).fill(text));
    else parentPort.postMessage({ kind: "look", look: { text, threadId, epoch: parentPort.epoch } });
  });
  parentPort.postMessage("ready");
`;

let folder: string;
let script: string;
let thread: AnalysisThread | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "straddle-thread-"));
  script = join(folder, "program.mjs");
  writeFileSync(script, PROGRAM);
});

afterEach(() => thread?.stop());
afterAll(() => rmSync(folder, { recursive: true }));

const POLICY = { onMissing: "off", maxMs: 0, injectMs: 0 } as const;
const look = (text: string): AnalysisQuestion => ({
  kind: "look",
  text,
  policy: POLICY,
  rules: [],
});
const EMPTY = new Catalog([], 1, "shop");

function start(timeoutMs = 5_000): AnalysisThread {
  thread = new AnalysisThread({ script, timeoutMs: () => timeoutMs, heapSizeMaxMb: 32 });
  return thread;
}

const ask = (to: AnalysisThread, question: AnalysisQuestion, catalog = EMPTY) =>
  new Promise<AnalysisResult>((resolve) => to.ask(question, catalog, resolve));

test("answers in order, from one thread", async () => {
  const running = start();
  const answers = await Promise.all(["a", "b", "c"].map((text) => ask(running, look(text))));
  const looks = answers.map((answer) => ("look" in answer ? answer.look : undefined));
  expect(looks).toMatchObject([{ text: "a" }, { text: "b" }, { text: "c" }]);
  expect(new Set(looks.map((each) => Object(each).threadId)).size).toBe(1);
});

const FAILURES = [
  { text: "loop", why: "too_slow" },
  { text: "throw", why: "broken" },
  { text: "exit", why: "broken" },
  { text: "memory", why: "too_large" },
] as const;

for (const { text, why } of FAILURES) {
  test(`${text}: ${why}, and the one that waits behind it gets a thread of its own`, async () => {
    const running = start(text === "loop" ? 300 : 20_000);
    const results = await Promise.all([ask(running, look(text)), ask(running, look("next"))]);
    expect(results).toMatchObject([{ kind: "failed", why }, { look: { text: "next" } }]);
  });
}

test("no more than so many wait", async () => {
  const running = start(300);
  const results = Array.from({ length: 101 }, (_, index) =>
    ask(running, look(index === 0 ? "loop" : "later")),
  );
  expect(await results[100]).toEqual({ kind: "failed", why: "too_many" });
  expect(await results[99]).toMatchObject({ look: { text: "later" } });
});

test("what was called off is not answered, and not worked at if it only waits", async () => {
  const running = start(300);
  const answered: string[] = [];
  const callOff = ["loop", "loop", "loop"].map((text) =>
    running.ask(look(text), EMPTY, () => answered.push(text)),
  );
  for (const each of callOff) each();
  expect(await ask(running, look("next"))).toMatchObject({ look: { text: "next" } });
  expect(answered).toEqual([]);
});

test("the catalog is sent when it has changed, and again to a new thread", async () => {
  const running = start(300);
  const plan: AnalysisQuestion = {
    kind: "plan",
    text: "x",
    scan: undefined,
    policy: POLICY,
    rules: [],
    tag: undefined,
    windows: [],
    searchPath: [],
  };
  const one = new Catalog([{ oid: 1, schema: "s", name: "t", kind: "r", columns: [] }], 2, "shop");
  expect(await ask(running, plan, EMPTY)).toMatchObject({ look: { epoch: 0 } });
  expect(await ask(running, plan, one)).toMatchObject({ look: { epoch: 1 } });
  await ask(running, look("loop"));
  expect(await ask(running, plan, one)).toMatchObject({ look: { epoch: 1 } });
});
