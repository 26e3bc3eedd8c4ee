import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { AuditLog, type AuditOptions } from "../../src/audit/audit-log.ts";
import { statementRecord } from "../support/statement-record.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "straddle-audit-"));
afterAll(() => rmSync(folder, { recursive: true }));

let lastFile = 0;

/** A log into a new file, or into a disk that is full until `makeRoom` is called. */
async function openLog(changes: Partial<AuditOptions> & { isDiskFull?: boolean }) {
  lastFile += 1;
  const path = join(folder, `${lastFile}.jsonl`);
  if (changes.isDiskFull) symlinkSync("/dev/full", path);
  const log = await AuditLog.open({
    target: { kind: "file", path },
    parameters: "redact",
    whenFull: "wait",
    bufferSizeMax: 1024 * 1024,
    parameterSizeMax: 100,
    log: { problem: () => {}, info: () => {} },
    ...changes,
  });
  const makeRoom = async () => {
    rmSync(path);
    await log.reopen();
  };
  const records = () =>
    readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  return { log, makeRoom, records };
}

const LINE_SIZE_ABOUT = 400;

test("every statement is a line, in the order in which they ended", async () => {
  const { log, records } = await openLog({});
  for (let rows = 0; rows < 5_000; rows++) log.statementEnded(statementRecord({ rows }));
  await log.close(5_000);
  expect(records().map((record) => record.rows)).toEqual(
    Array.from({ length: 5_000 }, (_, n) => n),
  );
});

test("nobody waits while all is well", async () => {
  const { log } = await openLog({});
  log.statementEnded(statementRecord());
  expect(log.mayStart(() => {})).toBe(true);
  expect(log.waitingCount).toBe(0);
  expect(log.problem).toBeUndefined();
  await log.close(1_000);
});

test("wait: above the bound statements wait, and go on when the file has taken the lines", async () => {
  const { log, records } = await openLog({ bufferSizeMax: 10 * LINE_SIZE_ABOUT });
  let resumedCount = 0;
  for (let rows = 0; rows < 50; rows++) log.statementEnded(statementRecord({ rows }));
  expect(log.problem).toBe("4000 bytes of records wait to be written");
  const resume = () => {
    resumedCount += 1;
  };
  expect([log.mayStart(resume), log.mayStart(resume)]).toEqual([false, false]);
  expect(log.waitingCount).toBe(1);
  await until("the session is resumed", () => resumedCount > 0);
  expect(log.mayStart(resume)).toBe(true);
  expect(resumedCount).toBe(1);
  await log.close(1_000);
  expect(records()).toHaveLength(50);
  expect(log.droppedCount).toBe(0);
});

test("wait: a failing disk stops statements at once, and none that ran is missing after", async () => {
  const { log, makeRoom, records } = await openLog({ isDiskFull: true });
  let resumedCount = 0;
  const resume = () => {
    resumedCount += 1;
  };
  expect(log.mayStart(resume)).toBe(true);
  log.statementEnded(statementRecord({ rows: 1 }));
  await until("the disk is full", () => log.problem !== undefined);
  expect(log.problem).toContain("ENOSPC");
  expect(log.mayStart(resume)).toBe(false);
  log.statementEnded(statementRecord({ rows: 2 })); // It was under way.
  expect(resumedCount).toBe(0);

  await makeRoom();
  await until("the session is resumed", () => resumedCount === 1);
  expect(log.mayStart(resume)).toBe(true);
  await log.close(1_000);
  expect(records().map((record) => record.rows)).toEqual([1, 2]);
});

test("a session that has ended waits no more", async () => {
  const { log, makeRoom } = await openLog({ isDiskFull: true });
  log.statementEnded(statementRecord());
  await until("the disk is full", () => log.problem !== undefined);
  const resumed: string[] = [];
  const gone = () => resumed.push("gone");
  const there = () => resumed.push("there");
  expect([log.mayStart(gone), log.mayStart(there), log.waitingCount]).toEqual([false, false, 2]);
  log.forget(gone);
  expect(log.waitingCount).toBe(1);
  await makeRoom();
  await until("the session is resumed", () => resumed.length > 0);
  await log.close(1_000);
  expect(resumed).toEqual(["there"]);
});

test("drop: nobody waits, what is missing is counted, and the log says where", async () => {
  const { log, makeRoom, records } = await openLog({
    whenFull: "drop",
    bufferSizeMax: 10 * LINE_SIZE_ABOUT,
    isDiskFull: true,
  });
  for (let rows = 0; rows < 50; rows++) {
    expect(log.mayStart(() => {})).toBe(true);
    log.statementEnded(statementRecord({ rows }));
  }
  await until("the disk is full", () => log.problem !== undefined);
  const dropped = log.droppedCount;
  expect(dropped).toBeGreaterThan(30);

  await makeRoom();
  await until("the records are written", () => log.problem === undefined);
  log.statementEnded(statementRecord({ rows: 99 }));
  await log.close(1_000);
  const kept = Array.from({ length: 50 - dropped }, (_, rows) => rows);
  expect(records().map((record) => record.rows ?? `dropped ${record.dropped}`)).toEqual([
    ...kept,
    `dropped ${dropped}`,
    99,
  ]);
  expect(log.droppedCount).toBe(dropped);
});

test("drop: a record larger than the whole buffer is dropped alone", async () => {
  const { log, records } = await openLog({
    whenFull: "drop",
    parameters: "none",
    bufferSizeMax: 10 * LINE_SIZE_ABOUT,
  });
  log.statementEnded(statementRecord({ sentText: "x".repeat(20 * LINE_SIZE_ABOUT) }));
  log.statementEnded(statementRecord({ rows: 1 }));
  await log.close(1_000);
  expect(records().map((record) => record.rows ?? `dropped ${record.dropped}`)).toEqual([
    "dropped 1",
    1,
  ]);
});

test("what ends after the log was closed is counted as dropped", async () => {
  const { log, records } = await openLog({});
  await log.close(1_000);
  log.statementEnded(statementRecord());
  expect(log.droppedCount).toBe(1);
  expect(records()).toEqual([]);
});

test("parameters are asked for only where they are recorded", async () => {
  const wants = [];
  for (const parameters of ["none", "redact", "full"] as const) {
    const { log } = await openLog({ parameters });
    wants.push(log.wantsParameters);
    await log.close(1_000);
  }
  expect(wants).toEqual([false, true, true]);
});
