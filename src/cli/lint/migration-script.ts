import { basename } from "node:path";
import type { Grouping } from "../../guard/judge.ts";
import { lockedBy } from "../../guard/locks.ts";
import type { ParsedStatement } from "../../sql/parse.ts";
import { blankedBut, type Range } from "./blanked.ts";

/** What of a file is run together. */
export interface MigrationPart {
  /** The whole file's text, blank but for this part: offsets are the file's. */
  readonly text: string;
  readonly transactions: Transactions;
}

/**
 * What is one transaction: a grouping; `one query`, where the text is sent as one, which makes a
 * transaction of several statements; `detected`, where the tool looks at the statements first.
 */
export type Transactions = Grouping | "one query" | "detected";

export interface MigrationText {
  /** With `/`; the formats of some tools are told by it. */
  readonly path: string;
  readonly text: string;
  /** Of a file beside it, for Flyway: `V1__x.sql.conf`. */
  readonly settings?: string | undefined;
}

/** The parts of a migration file that its tool runs on the way up. `otherwise`: for what no tool is known by. */
export function upParts(file: MigrationText, otherwise: Grouping): readonly MigrationPart[] {
  const own = ownTransactions(file.text);
  const parts = formatOf(file)?.(file) ?? [{ text: file.text, transactions: otherwise }];
  return own === undefined ? parts : parts.map((part) => ({ ...part, transactions: own }));
}

export function groupingOf(
  transactions: Transactions,
  statements: readonly ParsedStatement[],
): Grouping {
  if (transactions === "one query") return statements.length > 1 ? "together" : "alone";
  if (transactions !== "detected") return transactions;
  // Flyway runs a file outside of a transaction if no statement of it can be in one.
  const locks = statements.filter(({ kind }) => kind !== "VariableSetStmt").map(lockedBy);
  return locks.length > 0 && locks.every((lock) => lock?.inBlock === "refused")
    ? "alone"
    : "together";
}

/** What the file itself says, whatever its tool. */
function ownTransactions(text: string): Grouping | undefined {
  const own = /^\s*--\s*straddle:transaction=(none|one)\b/m.exec(text)?.[1];
  if (own !== undefined) return own === "one" ? "together" : "alone";
  // graphile-migrate and sqlx; Atlas.
  return /^--!?\s*(?:no-transaction|atlas:txmode\s+none)\b/m.test(text) ? "alone" : undefined;
}

type Format = (file: MigrationText) => readonly MigrationPart[];

function formatOf({ path, text }: MigrationText): Format | undefined {
  if (/^\s*--\s*liquibase\s+formatted\s+sql/i.test(text)) return changesets;
  const marks = SECTIONED.find(({ up }) => up.test(text));
  if (marks !== undefined) return (file) => sections(file, marks);
  const name = basename(path);
  if (/^(?:[VB]\d[\d._]*|R)__.*\.sql$/.test(name)) return flyway;
  if (/^\d+_.*\.up\.sql$/.test(name) || /(?:^|\/)[^/]+\/migration\.sql$/.test(path)) {
    return wholeAs("one query"); // golang-migrate; Prisma.
  }
  return /-->\s*statement-breakpoint/.test(text) ? wholeAs("together") : undefined; // Drizzle.
}

function wholeAs(transactions: Transactions): Format {
  return ({ text }) => [{ text, transactions }];
}

function flyway({ text, settings = "" }: MigrationText): readonly MigrationPart[] {
  const inTransaction = /^\s*executeInTransaction\s*=\s*(true|false)\s*$/im.exec(settings)?.[1];
  const transactions =
    inTransaction === undefined ? "detected" : inTransaction === "true" ? "together" : "alone";
  return [{ text, transactions }];
}

/** How a tool marks what is for the way up, for the way down, and what is to be outside of a transaction. */
interface Marks {
  readonly up: RegExp;
  readonly down: RegExp;
  readonly alone: RegExp;
}

const SECTIONED: readonly Marks[] = [
  // dbmate
  {
    up: /^--[ \t]*migrate:up\b.*$/m,
    down: /^--[ \t]*migrate:down\b.*$/m,
    alone: /^--[ \t]*migrate:up\b.*\btransaction:false\b/m,
  },
  // goose
  {
    up: /^--[ \t]*\+goose[ \t]+up\b.*$/im,
    down: /^--[ \t]*\+goose[ \t]+down\b.*$/im,
    alone: /^--[ \t]*\+goose[ \t]+no[ \t]+transaction\b/im,
  },
  // sql-migrate
  {
    up: /^--[ \t]*\+migrate[ \t]+up\b.*$/im,
    down: /^--[ \t]*\+migrate[ \t]+down\b.*$/im,
    alone: /^--[ \t]*\+migrate[ \t]+up[ \t]+notransaction\b/im,
  },
  // node-pg-migrate
  {
    up: /^\s*--[ \t-]*up migration\b.*$/im,
    down: /^\s*--[ \t-]*down migration\b.*$/im,
    alone: /(?!)/,
  },
];

function sections({ text }: MigrationText, marks: Marks): readonly MigrationPart[] {
  const starts = (mark: RegExp) =>
    [...text.matchAll(new RegExp(mark, `${mark.flags}g`))].map(({ index }) => index);
  const downs = starts(marks.down);
  const ranges: Range[] = [];
  for (const start of starts(marks.up)) {
    if ((ranges.at(-1)?.end ?? 0) > start) continue;
    ranges.push({ start, end: downs.find((down) => down > start) ?? text.length });
  }
  const transactions = marks.alone.test(text) ? "alone" : "together";
  return [{ text: blankedBut(text, ranges), transactions }];
}

/** Liquibase: each changeset is a transaction; what is for other databases is not run. */
function changesets({ text }: MigrationText): readonly MigrationPart[] {
  const heads = [...text.matchAll(/^--[ \t]*changeset[ \t]+(.*)$/gim)];
  return heads.flatMap(({ index, 1: attributes = "" }, at) => {
    const attribute = (name: string) =>
      new RegExp(`\\b${name}:"?([^\\s"]+)`, "i").exec(attributes)?.[1]?.toLowerCase();
    const databases = attribute("dbms")?.split(",") ?? ["postgresql"];
    const isOurs =
      databases.some((each) => each === "postgresql" || each === "all") ||
      databases.every((each) => each.startsWith("!") && each !== "!postgresql");
    if (!isOurs) return [];
    const end = heads[at + 1]?.index ?? text.length;
    const isAlone = attribute("runInTransaction") === "false";
    return [
      {
        text: blankedBut(text, [{ start: index, end }]),
        transactions: isAlone ? ("alone" as const) : ("together" as const),
      },
    ];
  });
}
