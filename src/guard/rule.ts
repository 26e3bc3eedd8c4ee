import type { RuleGroup, RuleId, Severity } from "../base/rule-ids.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import type { Work } from "./cost.ts";
import type { Facts } from "./facts.ts";
import type { GuardPolicy } from "./guard-policy.ts";
import type { RelationName } from "./relation-name.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** One thing that a schema change must not do, or had better not. */
export interface Rule {
  readonly id: RuleId;
  readonly group: RuleGroup;
  readonly severity: Severity;
  /** The first major version of PostgreSQL that it holds for; all by default. */
  readonly since?: number;
  /**
   * It looks at SELECT, INSERT, UPDATE, DELETE and MERGE by themselves, too. The others have something to
   * say of those at most behind a schema change in their transaction.
   */
  readonly isAboutQueries?: true;
  /** What goes wrong, and for whom. */
  readonly why: string;
  /** What to do instead. */
  readonly instead: string;
  /** For the docs, and for a test: a statement that it is against, and one that it isn't. */
  readonly refused: string;
  readonly allowed: string;
  readonly check: (subject: Subject) => readonly Problem[];
}

/** A statement as a rule sees it. */
export interface Subject {
  readonly statement: ParsedStatement;
  /** The text that the statement's offsets are of. */
  readonly text: string;
  /** What the transaction did before it. */
  readonly memory: TransactionMemory;
  readonly facts: Facts;
  readonly policy: GuardPolicy;
}

/** What a rule has against a statement. */
export interface Problem {
  /** What is wrong: one clause, without a full stop. */
  readonly message: string;
  /** What would break and for whom, in sentences. What it would cost is added by `judge`. */
  readonly detail: string;
  /** The safe way, in sentences. */
  readonly hint: string;
  /** Statements to run in place of this one, each in a transaction of its own. */
  readonly safeSql?: readonly string[] | undefined;
  /** Where in the text; the statement's first token by default. */
  readonly offset?: number | undefined;
  readonly table?: RelationName | undefined;
  /** What the server does to the table under the lock; no cost is told without it. */
  readonly work?: Work;
  /** It does not refuse, whatever the rule's severity is: too little is known for that. */
  readonly isWarningOnly?: boolean;
}
