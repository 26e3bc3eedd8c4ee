import { lockTableLevel } from "../lock-table.ts";
import { lockedBy } from "../locks.ts";
import { isNew, relationFacts } from "../reading/exempt.ts";
import { unboundedTable } from "../reading/unbounded.ts";
import { textOf } from "../reading/words.ts";
import { isSameName, nameText, type RelationName } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const statementUnderExclusiveLock: Rule = {
  id: "statement-under-exclusive-lock",
  group: "blocks",
  severity: "block",
  why:
    "A transaction keeps its ACCESS EXCLUSIVE lock until it ends. While it waits for a lock on another " +
    "table, or reads and changes many rows, no query on the first table gets through.",
  instead: "COMMIT after the statement that takes the lock; one table for each transaction.",
  refused:
    "BEGIN; ALTER TABLE orders ADD COLUMN note text; UPDATE orders SET note = '' WHERE note IS NULL; COMMIT",
  allowed:
    "BEGIN; ALTER TABLE orders ADD COLUMN note text; INSERT INTO migrations VALUES (7); COMMIT",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { statement, memory } = subject;
  if (!memory.isInBlock || statement.kind === "DoStmt") return [];
  const held = memory.locks.filter(({ level }) => level === "ACCESS EXCLUSIVE");
  const [first] = held;
  if (first === undefined) return [];
  const isHeld = (name: RelationName) => held.some(({ relation }) => isSameName(relation, name));
  const doing = lockingElsewhere(subject, isHeld) ?? workOn(subject);
  if (doing === undefined) return [];
  const locked = held.map(({ relation }) => nameText(relation)).join(", ");
  return [
    {
      message: `${doing.what} while the transaction has ACCESS EXCLUSIVE on ${locked}`,
      detail: `${first.verb} took the lock, and the transaction keeps it until it ends: ${doing.effect}, and no query on ${locked} gets through until then.`,
      hint: "COMMIT before it, and run it in a transaction of its own; migration tools have a setting that turns their transaction off.",
      safeSql: [textOf(subject)],
      table: first.relation,
    },
  ];
}

interface Doing {
  readonly what: string;
  readonly effect: string;
}

function lockingElsewhere(
  subject: Subject,
  isHeld: (name: RelationName) => boolean,
): Doing | undefined {
  const { statement } = subject;
  const lock = statement.kind === "LockStmt" ? lockTableLevel(statement.node) : lockedBy(statement);
  if (lock === undefined) return undefined;
  const others = lock.relations.filter((name) => {
    const table = relationFacts(name, subject)?.table ?? name;
    return !isHeld(name) && !isHeld(table) && !isNew(name, subject);
  });
  if (lock.relations.length > 0 && others.length === 0) return undefined;
  const names = others.length === 0 ? "other relations" : others.map(nameText).join(", ");
  return {
    what: `${lock.verb} locks ${names}`,
    effect: `it may have to wait for ${names}`,
  };
}

function workOn(subject: Subject): Doing | undefined {
  const table = unboundedTable(subject);
  return (
    table && {
      what: `${table.verb} of ${nameText(table.name)}, of many rows,`,
      effect: "it takes as long as it takes",
    }
  );
}
