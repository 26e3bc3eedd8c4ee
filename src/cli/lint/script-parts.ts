import type { Grouping } from "../../guard/judge.ts";
import { stringMember } from "../../sql/ast.ts";
import { type ParsedStatement, parseSql } from "../../sql/parse.ts";
import { groupingOf, type MigrationPart, type MigrationText, upParts } from "./migration-script.ts";
import { withoutPsql } from "./psql-script.ts";
import { withoutVariables } from "./variables.ts";

/** A part of a file as PostgreSQL's grammar reads it. Offsets are the file's. */
export type ReadPart =
  | {
      readonly kind: "script";
      readonly text: string;
      readonly statements: readonly ParsedStatement[];
      readonly grouping: Grouping;
      /** A text made of this one, with variables as they were written. */
      readonly restored: (made: string) => string;
    }
  | { readonly kind: "problem"; readonly message: string; readonly offset: number };

/** The statements of a file, as its tool would run them. */
export function readParts(file: MigrationText, otherwise: Grouping): readonly ReadPart[] {
  const text = withoutPsql(file.text.replace(/^\ufeff/, " ")); // A byte order mark is no SQL.
  return upParts({ ...file, text }, otherwise).map(readPart);
}

function readPart({ text, transactions }: MigrationPart): ReadPart {
  const script = (plain: string, restored: (made: string) => string) => {
    const parsed = parseSql(plain);
    if (parsed.kind !== "parsed") return parsed;
    const { statements } = parsed;
    const grouping = groupingOf(transactions, statements);
    return { kind: "script" as const, text: plain, statements, grouping, restored };
  };
  const asWritten = script(text, (made) => made);
  if (asWritten.kind === "script") return asWritten;
  const { text: plain, restored } = withoutVariables(text);
  const substituted = plain === text ? asWritten : script(plain, restored);
  if (substituted.kind === "script") return substituted;
  const offset = substituted.kind === "syntax_error" ? substituted.offset : 0;
  return { kind: "problem", message: restored(substituted.message), offset };
}

/** Of each statement, whether it comes to run in a transaction block. */
export function blocksOf(
  statements: readonly ParsedStatement[],
  grouping: Grouping,
): readonly boolean[] {
  let isInBlock = false;
  return statements.map(({ kind, node }) => {
    const isIn = isInBlock || grouping === "together";
    const verb = kind === "TransactionStmt" ? stringMember(node, "kind") : "";
    if (/^TRANS_STMT_(?:BEGIN|START)$/.test(verb)) isInBlock = true;
    if (/^TRANS_STMT_(?:COMMIT|ROLLBACK|PREPARE)$/.test(verb)) isInBlock = node["chain"] === true;
    return isIn && grouping !== "alone";
  });
}
