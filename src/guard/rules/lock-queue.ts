import { verbOf } from "../../sql/verb.ts";
import { type AskedLock, askedLocks } from "../asked-locks.ts";
import { isInTheWay, type LockInUse } from "../lock-in-use.ts";
import { LOCK_LEVELS, WAITING_BEHIND } from "../lock-level.ts";
import { lockedBy } from "../locks.ts";
import { holdersHint, holdersText } from "../queue-text.ts";
import { isNew, relationFacts } from "../reading/exempt.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const lockQueue: Rule = {
  id: "lock-queue",
  group: "blocks",
  severity: "block",
  why:
    "A schema change that waits for its lock stops what comes after it until lock_timeout. Behind a transaction " +
    "that has been open for long, most likely for nothing: the lock is not had in time. So it is not asked for " +
    "(SQLSTATE 55P03, as when the server gives up), and who is in the way is told.",
  instead: "Try again when those transactions are over, or end them.",
  refused: "ALTER TABLE orders ADD COLUMN note text",
  allowed: "CREATE INDEX CONCURRENTLY orders_note ON orders (note)",
  check,
};

function check(subject: Subject): readonly Problem[] {
  for (const asked of askedLocks(subject.statement).filter(isStrong)) {
    const problem = problemOf(asked, subject) ?? problemOf(onTable(asked, subject), subject);
    if (problem !== undefined) return [problem];
  }
  return [];
}

/** Weaker ones let queries pass, and so does a request for them that waits. */
function isStrong({ level }: AskedLock): boolean {
  return LOCK_LEVELS.indexOf(level) >= LOCK_LEVELS.indexOf("SHARE");
}

/** What drops an index locks its table as well. */
function onTable(asked: AskedLock, subject: Subject): AskedLock | undefined {
  if (subject.statement.kind !== "DropStmt") return undefined;
  const table = relationFacts(asked.relation, subject)?.table;
  return table && { ...asked, relation: table };
}

function problemOf(asked: AskedLock | undefined, subject: Subject): Problem | undefined {
  if (asked === undefined || isNew(asked.relation, subject)) return undefined;
  const { relation, level, reachesHeirs } = asked;
  const inTheWay = (subject.facts.locksOn(relation) ?? [])
    .filter(({ heir }) => heir === undefined || reachesHeirs)
    .filter(({ mode }) => isInTheWay(mode, level));
  const old = inTheWay.filter((lock) => isLasting(lock, subject.policy.lockQueueAgeMs));
  const unknown = inTheWay.filter(({ ageMs }) => ageMs === undefined);
  const told = oneOfEach([...old, ...unknown]);
  if (told.length === 0) return undefined;
  const isSure = old.length > 0;
  const verb = lockedBy(subject.statement)?.verb ?? verbOf(subject.statement);
  const others = told.length === 1 ? "another transaction" : `${told.length} other transactions`;
  return {
    message: `${verb} ${isSure ? "would" : "may"} queue for its ${level} lock on ${nameText(relation)} behind ${others}`,
    detail: `${holdersText(told)} While it waits, ${WAITING_BEHIND[level]} that comes after it waits behind it, until lock_timeout.`,
    hint: holdersHint(told),
    table: relation,
    isWarningOnly: !isSure,
  };
}

/** Autovacuum gives way to who waits for its lock, but for that which prevents wraparound. */
function isLasting({ holder, ageMs }: LockInUse, lastingMs: number): boolean {
  if (holder.kind === "autovacuum") return holder.isAgainstWraparound;
  return ageMs !== undefined && ageMs >= lastingMs;
}

/** One lock of each transaction, the oldest transactions first; what is not known comes last. */
function oneOfEach(locks: readonly LockInUse[]): readonly LockInUse[] {
  const first = new Map<string, LockInUse>();
  for (const lock of locks.toSorted((a, b) => (b.ageMs ?? -1) - (a.ageMs ?? -1))) {
    const { holder } = lock;
    const key = holder.kind === "prepared" ? `gid ${holder.gid}` : `pid ${holder.pid}`;
    const before = first.get(key);
    // What it waits for says more than what it has.
    if (before === undefined || (before.isGranted && !lock.isGranted)) first.set(key, lock);
  }
  return [...first.values()];
}
