import { expect, test } from "vitest";
import { replicationCommand } from "../../src/sql/replication-command.ts";

/** As servers took them: `e2e/replication.test.ts` plays most of these. */
const cases: readonly (readonly [text: string, command: string | undefined])[] = [
  ["IDENTIFY_SYSTEM", "IDENTIFY_SYSTEM"],
  [" \t\r\n\f\vIDENTIFY_SYSTEM;", "IDENTIFY_SYSTEM"],
  ["SHOW wal_level", "SHOW"],
  ['SHOW"wal_level"', "SHOW"],
  ["SHOW x; DROP TABLE y", "SHOW"],
  ["START_REPLICATION SLOT s LOGICAL 0/0 (proto_version '1')", "START_REPLICATION"],
  ["BASE_BACKUP(LABEL 'x')", "BASE_BACKUP"],
  ["show wal_level", undefined],
  ["identify_system", undefined],
  ["Identify_System", undefined],
  ["IDENTIFY_SYSTEMS", undefined],
  ["SHOW$x", undefined],
  ["SHOW1", undefined],
  ["SHOW_x", undefined],
  ["SHOW\xe4", undefined],
  ["/* x */ SHOW wal_level", undefined],
  ["-- x\nSHOW wal_level", undefined],
  [";SHOW wal_level", undefined],
  ["\u00a0SHOW wal_level", undefined],
  ["DROP TABLE y; SHOW x", undefined],
  ["SELECT 'IDENTIFY_SYSTEM'", undefined],
  ["", undefined],
];

for (const [text, command] of cases) {
  test(`${JSON.stringify(text)} is ${command ?? "SQL"}`, () => {
    expect(replicationCommand(text)).toBe(command);
  });
}
