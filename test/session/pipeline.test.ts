import { expect, test } from "vitest";
import { Pipeline } from "../../src/session/pipeline.ts";
import type { EntryKind } from "../../src/session/pipeline-entry.ts";

/**
 * Plays a conversation in words: a kind of entry is asked for; `done`, `fail`, `ready`, `copy` are
 * what the server answers. Gives what became of each, and what is left.
 */
function play(words: string): { settled: string[]; left: string; pipeline: Pipeline } {
  const pipeline = new Pipeline({ countMax: 100 });
  const settled: string[] = [];
  let count = 0;
  const push = (kind: EntryKind) => {
    count += 1;
    const name = `${kind}${count}`;
    pipeline.push({
      kind,
      isOwn: false,
      executions: [],
      settle: (outcome) => settled.push(`${name} ${outcome}`),
    });
  };
  for (const word of words.split(" ")) {
    switch (word) {
      case "done":
        pipeline.complete();
        break;
      case "fail":
        pipeline.fail();
        break;
      case "ready":
        pipeline.ready();
        break;
      case "copy":
        pipeline.copyInStarted();
        break;
      case "parse":
      case "bind":
      case "execute":
      case "sync":
      case "query":
      case "function_call":
      case "copy_end":
        push(word);
        break;
      default:
        throw new Error(word);
    }
  }
  const left: string[] = [];
  for (let entry = pipeline.head; entry !== undefined; entry = pipeline.head) {
    left.push(entry.kind);
    pipeline.complete();
    if (left.length > 100) break;
  }
  return {
    settled: settled.slice(0, settled.length - left.length),
    left: left.join(" "),
    pipeline,
  };
}

const cases: { name: string; words: string; settled?: string; left?: string }[] = [
  {
    name: "replies are for what was asked first",
    words: "parse bind execute sync done done",
    settled: "parse1 done, bind2 done",
    left: "execute sync",
  },
  {
    name: "an error drops what was asked up to the next Sync, newest first",
    words: "parse bind execute sync parse sync done fail",
    settled: "parse1 done, execute3 dropped, bind2 failed",
    left: "sync parse sync",
  },
  {
    name: "the batch behind a failed one is answered",
    words: "parse bind sync parse sync fail ready done ready",
    settled: "bind2 dropped, parse1 failed, sync3 done, parse4 done, sync5 done",
  },
  {
    name: "an error of a Query leaves it until its ReadyForQuery",
    words: "query query fail",
    left: "query query",
  },
  {
    name: "a Query behind a failed message is ignored by the server up to the Sync",
    words: "parse query function_call sync fail",
    settled: "function_call3 dropped, query2 dropped, parse1 failed",
    left: "sync",
  },
  { name: "an error of Sync itself", words: "sync fail ready", settled: "sync1 done" },
  {
    name: "ReadyForQuery ends a FunctionCall",
    words: "function_call query ready",
    settled: "function_call1 done",
    left: "query",
  },
  { name: "ReadyForQuery that nobody asked for is no error", words: "ready" },
];

for (const { name, words, settled = "", left = "" } of cases) {
  test(name, () => {
    const played = play(words);
    expect([played.settled.join(", "), played.left]).toEqual([settled, left]);
  });
}

test("after an error without a Sync in sight the server skips", () => {
  expect(play("parse bind fail").pipeline.isSkipping).toBe(true);
  expect(play("parse bind sync fail").pipeline.isSkipping).toBe(false);
  expect(play("query fail").pipeline.isSkipping).toBe(false);
});

test("COPY ignores the Syncs that were sent ahead of its data, up to its end", () => {
  const pipeline = new Pipeline({ countMax: 100 });
  const push = (kind: EntryKind) => pipeline.push({ kind, isOwn: false, executions: [] });
  for (const kind of ["execute", "sync", "sync", "copy_end", "sync"] as const) push(kind);
  pipeline.copyInStarted();
  expect(pipeline.isCopyIn).toBe(false);
  pipeline.copySucceeded();
  pipeline.complete();
  expect([pipeline.head?.kind, pipeline.count]).toEqual(["sync", 1]);
});

test("COPY goes on while its end was not sent", () => {
  const pipeline = new Pipeline({ countMax: 100 });
  pipeline.push({ kind: "query", isOwn: false, executions: [] });
  pipeline.copyInStarted();
  expect(pipeline.isCopyIn).toBe(true);
  pipeline.fail();
  expect(pipeline.isCopyIn).toBe(false);
});

test("a reply to another message than the one asked is a protocol error", () => {
  const pipeline = new Pipeline({ countMax: 100 });
  const unexpected = expect.objectContaining({ code: "unexpected_reply" });
  expect(() => pipeline.expect("parse")).toThrow(unexpected);
  pipeline.push({ kind: "bind", isOwn: false, executions: [] });
  expect(() => pipeline.expect("parse")).toThrow(unexpected);
  expect(() => pipeline.ready()).toThrow(unexpected);
  expect(pipeline.expect("parse", "bind").kind).toBe("bind");
});

test("is full at its limit, and not when one is answered", () => {
  const pipeline = new Pipeline({ countMax: 2 });
  pipeline.push({ kind: "sync", isOwn: false, executions: [] });
  expect(pipeline.isFull).toBe(false);
  pipeline.push({ kind: "sync", isOwn: false, executions: [] });
  expect([pipeline.isFull, pipeline.endCount]).toEqual([true, 2]);
  pipeline.ready();
  expect([pipeline.isFull, pipeline.endCount]).toEqual([false, 1]);
});

test("a long conversation keeps its order", () => {
  const pipeline = new Pipeline({ countMax: 1_000 });
  const seen: number[] = [];
  let pushed = 0;
  for (let round = 0; round < 500; round++) {
    for (let each = 0; each < 3; each++) {
      const number = pushed++;
      pipeline.push({
        kind: "bind",
        isOwn: false,
        executions: [],
        settle: () => seen.push(number),
      });
    }
    for (let each = 0; each < (round < 250 ? 2 : 4); each++) pipeline.complete();
  }
  expect(seen).toEqual(Array.from({ length: 1_500 }, (_, index) => index));
  expect(pipeline.count).toBe(0);
});

test("a session that ends drops what is left, oldest first", () => {
  const pipeline = new Pipeline({ countMax: 10 });
  const seen: string[] = [];
  for (const kind of ["parse", "sync"] as const) {
    const settle = (outcome: string) => seen.push(`${kind} ${outcome}`);
    pipeline.push({ kind, isOwn: false, executions: [], settle });
  }
  pipeline.clear();
  pipeline.clear();
  expect([seen, pipeline.count]).toEqual([["parse dropped", "sync dropped"], 0]);
});

/** How many ReadyForQuery come behind the error hangs on how far the server had read. */
for (const readyCount of [1, 2]) {
  test(`a COPY that fails, with Syncs in and behind its data: ${readyCount} of them answered`, () => {
    const pipeline = new Pipeline({ countMax: 10 });
    const asked = { isOwn: false, executions: [] } as const;
    pipeline.push({ ...asked, kind: "execute" });
    pipeline.push({ ...asked, kind: "sync" });
    pipeline.push({ ...asked, kind: "copy_end" });
    pipeline.copyInStarted();
    pipeline.fail();
    // It arrives behind the error, and could be the one that is answered.
    pipeline.push({ ...asked, kind: "sync" });
    pipeline.push({ ...asked, kind: "parse" });
    for (let count = 0; count < readyCount; count++) pipeline.ready();
    expect(pipeline.answering()?.kind).toBe("parse");
    pipeline.complete();
    expect(pipeline.count).toBe(0);
  });
}

test("what is left of such a COPY keeps nobody waiting", () => {
  const pipeline = new Pipeline({ countMax: 10 });
  const asked = { isOwn: false, executions: [] } as const;
  for (const kind of ["execute", "sync", "copy_end", "sync"] as const)
    pipeline.push({ ...asked, kind });
  pipeline.copyInStarted();
  expect(pipeline.isDrained).toBe(false);
  pipeline.fail();
  pipeline.ready();
  expect([pipeline.count, pipeline.isDrained]).toEqual([1, true]);
});

test("the second COPY of a string ignores the Sync that was sent ahead of it", () => {
  const pipeline = new Pipeline({ countMax: 10 });
  const asked = { isOwn: false, executions: [] } as const;
  for (const kind of ["query", "copy_end", "sync"] as const) pipeline.push({ ...asked, kind });
  pipeline.copyInStarted();
  pipeline.copySucceeded();
  pipeline.copyInStarted();
  pipeline.push({ ...asked, kind: "copy_end" });
  pipeline.copyInEnded();
  pipeline.copySucceeded();
  expect(pipeline.ready()?.kind).toBe("query");
  expect(pipeline.count).toBe(0);
});
