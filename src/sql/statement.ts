import { rememberingLast } from "../base/last-answer.ts";
import { isAstNode, stringMember, unwrap, walk } from "./ast.ts";
import { changesCatalog, changesUnnamed } from "./catalog-change.ts";
import { describeShape } from "./describe-shape.ts";
import { type ParsedStatement, parseSql } from "./parse.ts";
import { changesSession, versionSetting } from "./session-change.ts";
import type { StatementShape } from "./shape.ts";

/**
 * What is known of one statement from its text alone. But for the offsets and `parsed` it is the
 * same for all texts that `scanStatement` gives the same key.
 */
export interface StatementFacts {
  readonly shape: StatementShape;
  /** UTF-16 indexes in the whole text, at the first token and one past the last. */
  readonly start: number;
  readonly end: number;
  readonly parsed: ParsedStatement;
  readonly transaction: TransactionVerb | undefined;
  /** What is known of search_path, temporary tables and `straddle.version` may be wrong after it. */
  readonly changesSession: boolean;
  /** It can add, drop or rename relations, columns or schemas. */
  readonly changesCatalog: boolean;
  /** It can do so to relations that it does not name. */
  readonly changesUnnamed: boolean;
  /** Every name in it: a name that is not among these is not touched by it. */
  readonly identifiers: ReadonlySet<string>;
  /** The literal that `straddle.version` is set to; "" for DEFAULT and RESET. */
  readonly versionSetting: string | undefined;
  /** The prepared statement that a PREPARE of SQL makes. */
  readonly prepares: string | undefined;
  /** The prepared statement that an EXECUTE of SQL runs, or EXPLAIN and CREATE TABLE AS with one. */
  readonly executes: string | undefined;
  /** SQL-level prepared statements that are gone after it. */
  readonly deallocates: "all" | { readonly name: string } | undefined;
}

export type TransactionVerb =
  | "begin"
  | "commit"
  | "rollback"
  | "savepoint"
  | "rollback_to"
  | "release"
  | "prepare";

/** A text that is not read gives no statements: the server will run none of it either. */
export type Described =
  | { readonly kind: "described"; readonly statements: readonly StatementFacts[] }
  | {
      readonly kind: "syntax_error" | "too_complex";
      readonly statements: readonly StatementFacts[];
      readonly message: string;
    };

/** The facts of every statement in a text. A text new to Straddle is asked about twice in a row. */
export const describeStatements: (text: string) => Described = rememberingLast(describeText);

function describeText(text: string): Described {
  const parsed = parseSql(text);
  if (parsed.kind !== "parsed") {
    return { kind: parsed.kind, statements: [], message: parsed.message };
  }
  const statements = parsed.statements.map((statement) => describe(statement, text));
  return { kind: "described", statements };
}

function describe(parsed: ParsedStatement, text: string): StatementFacts {
  return {
    shape: describeShape(parsed, text),
    start: parsed.start,
    end: parsed.end,
    parsed,
    transaction: transactionOf(parsed),
    changesSession: changesSession(parsed),
    changesCatalog: changesCatalog(parsed),
    changesUnnamed: changesUnnamed(parsed),
    identifiers: identifiersIn(parsed),
    versionSetting: versionSetting(parsed),
    prepares: parsed.kind === "PrepareStmt" ? stringMember(parsed.node, "name") : undefined,
    executes: executedBy(parsed),
    deallocates: deallocatedBy(parsed),
  };
}

const TRANSACTIONS: Readonly<Record<string, TransactionVerb>> = {
  TRANS_STMT_BEGIN: "begin",
  TRANS_STMT_START: "begin",
  TRANS_STMT_COMMIT: "commit",
  TRANS_STMT_ROLLBACK: "rollback",
  TRANS_STMT_SAVEPOINT: "savepoint",
  TRANS_STMT_ROLLBACK_TO: "rollback_to",
  TRANS_STMT_RELEASE: "release",
  TRANS_STMT_PREPARE: "prepare",
};

function transactionOf({ kind, node }: ParsedStatement): TransactionVerb | undefined {
  return kind === "TransactionStmt" ? TRANSACTIONS[stringMember(node, "kind")] : undefined;
}

function executedBy(statement: Pick<ParsedStatement, "kind" | "node">): string | undefined {
  const { kind, node } = statement;
  if (kind === "ExecuteStmt") return stringMember(node, "name");
  if (kind !== "ExplainStmt" && kind !== "CreateTableAsStmt") return undefined;
  const query = node["query"];
  if (!isAstNode(query)) return undefined;
  // EXPLAIN CREATE TABLE ... AS EXECUTE has one within the other.
  const inner = unwrap(query);
  return executedBy({ kind: inner.type, node: inner.node });
}

function deallocatedBy({ kind, node }: ParsedStatement): StatementFacts["deallocates"] {
  if (kind === "DiscardStmt") {
    return stringMember(node, "target") === "DISCARD_ALL" ? "all" : undefined;
  }
  if (kind !== "DeallocateStmt") return undefined;
  return node["isall"] === true ? "all" : { name: stringMember(node, "name") };
}

/** Every string in the tree but for constants: more than names, never less. */
function identifiersIn({ kind, node }: ParsedStatement): ReadonlySet<string> {
  const identifiers = new Set<string>();
  walk({ [kind]: node }, (_type, inner, member) => {
    if (member === "sval") return; // {sval: {sval: "..."}}: a constant's.
    for (const name of Object.keys(inner)) {
      const value = inner[name];
      if (typeof value !== "string") continue;
      identifiers.add(value);
      // An array type has its table's name, behind this.
      if (value.startsWith("_")) identifiers.add(value.slice(1));
    }
  });
  return identifiers;
}
