import { expect, test } from "vitest";
import {
  judgeLockTimeout,
  type LockTimeoutPolicy,
  lockTimeoutGuard,
  lockTimeoutInquiry,
} from "../../src/guard/lock-timeout.ts";
import type { Lock } from "../../src/guard/locks.ts";
import { refusalText } from "../../src/guard/refusal-text.ts";

const LOCK: Lock = {
  verb: "ALTER TABLE",
  level: "ACCESS EXCLUSIVE",
  relations: [{ name: "orders" }],
  inBlock: "allowed",
};

function policy(onMissing: LockTimeoutPolicy["onMissing"]): LockTimeoutPolicy {
  return { onMissing, maxMs: 5_000, injectMs: 2_000 };
}

const judged = [
  { answer: ["0", "true"], onMissing: "block", kind: "refuse" },
  { answer: ["5000", "true"], onMissing: "block", kind: "allow" },
  { answer: ["5001", "true"], onMissing: "block", kind: "refuse" },
  { answer: ["0", "false"], onMissing: "block", kind: "allow" },
  { answer: undefined, onMissing: "block", kind: "refuse" },
  { answer: ["2s", "true"], onMissing: "block", kind: "refuse" },
  { answer: ["0", "true"], onMissing: "warn", kind: "warn" },
  { answer: ["0", "true"], onMissing: "off", kind: "allow" },
  { answer: ["9000", "true"], onMissing: "inject", kind: "inject" },
  { answer: ["1", "true"], onMissing: "inject", kind: "allow" },
  { answer: undefined, onMissing: "inject", kind: "refuse" },
] as const;

for (const { answer, onMissing, kind } of judged) {
  test(`${onMissing}, when the server says ${answer}: ${kind}`, () => {
    expect(judgeLockTimeout(answer, LOCK, policy(onMissing)).kind).toBe(kind);
  });
}

test("an injected lock_timeout is followed by the old one", () => {
  expect(judgeLockTimeout(["9000", "true"], LOCK, policy("inject"))).toEqual({
    kind: "inject",
    before: "SET lock_timeout = E'2000'",
    after: "SET lock_timeout = E'9000'",
  });
});

test("a refusal says what breaks and what to run instead", () => {
  expect(refusalText(LOCK, "missing", 5_000)).toEqual({
    message: "ALTER TABLE needs a lock_timeout: it is 0, which is to wait without limit",
    detail:
      "ALTER TABLE takes an ACCESS EXCLUSIVE lock on orders. While it waits behind a long transaction, " +
      "every query, even a SELECT, that comes after it waits behind it.",
    hint:
      "Run SET lock_timeout = '2s' before it (at most 5s), and try again when the lock is not had in " +
      "time (SQLSTATE 55P03).",
  });
});

const hostile = [
  { name: "$straddle$", written: "E'$straddle$'" },
  { name: "it's", written: "E'it''s'" },
  { name: "a\\", written: "E'a\\\\'" },
  { name: "a\\'; DROP TABLE t; --", written: "E'a\\\\''; DROP TABLE t; --'" },
];

for (const { name, written } of hostile) {
  test(`the name ${name} stays a string of the check, and the check one statement`, () => {
    const lock = { ...LOCK, relations: [{ name }] };
    const sql = lockTimeoutGuard(lock, policy("block"))?.before ?? "";
    const tag = /^DO (\$\w+\$)/.exec(sql)?.[1] ?? "none";
    expect(sql).toContain(written);
    expect(sql.split(tag)).toHaveLength(3);
    expect(lockTimeoutInquiry(lock)).toContain(written);
  });
}

test("off asks nothing", () => {
  expect(lockTimeoutGuard(LOCK, policy("off"))).toBeUndefined();
});
