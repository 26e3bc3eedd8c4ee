import type { AstNode } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import type { Catalog } from "../version/catalog.ts";
import type { Naming } from "../version/naming.ts";
import { answersFor } from "./answers-for.ts";
import { refuseChainInBody } from "./chain.ts";
import { rewriteCopy } from "./copy.ts";
import type { Explanation } from "./explanation.ts";
import { rewriteExpression } from "./expression.ts";
import { passCreatedName } from "./given-name.ts";
import { exchangeShownNames } from "./introspection.ts";
import { rewriteMerge } from "./merge.ts";
import { isNode, locationOf, nodeOf, type TypedNode, typedOf } from "./node.ts";
import type { Rewrite } from "./outcome.ts";
import { rewriteSelect } from "./query.ts";
import { RelationLookup } from "./relation-lookup.ts";
import { type QueryPlace, Rewriting, type Walkers } from "./rewriting.ts";
import { refuseRowTypesNow } from "./row-type.ts";
import { type Columns, UNKNOWN_COLUMNS } from "./scope.ts";
import { SourceText } from "./source-text.ts";
import { lookUp } from "./table-reference.ts";
import { rewriteRename, rewriteUtility } from "./utility.ts";
import { rewriteDelete, rewriteInsert, rewriteUpdate } from "./write-query.ts";

export interface RewriteInput {
  /** The whole text that the statement is part of: all offsets are its indexes. */
  readonly text: string;
  readonly statement: ParsedStatement;
  readonly naming: Naming;
  readonly catalog: Catalog;
  /** The session's schemas in order, as `current_schemas(true)` gives them. */
  readonly searchPath: readonly string[];
  /** The session's database: its name can stand before a schema's. */
  readonly database: string;
  /** For people who ask why: called before the answer, if any table under a window could be in it. */
  readonly onExplained?: (explanation: Explanation) => void;
}

/**
 * Points one statement at the names that the database has now, so that it means what its version
 * means by it; or says why that is not certain. Pure: it reads nothing but its arguments.
 */
export function rewriteStatement(input: RewriteInput): Rewrite {
  const { text, statement, naming, catalog, searchPath } = input;
  if (naming.isEmpty) return { kind: "untouched" };
  const work = new Rewriting({
    source: new SourceText(text),
    lookup: new RelationLookup({ naming, catalog, searchPath }),
    walk: WALKERS,
    start: statement.start,
    end: statement.end,
    database: input.database,
    ...madeUpNames(statement.node),
    isExplained: input.onExplained !== undefined,
  });
  try {
    rewriteByKind(work, statement.kind, statement.node);
    refuseUnhandled(work, statement.node);
    exchangeShownNames(work, statement);
  } catch (error) {
    // A tree too deep for the program's stack: the only way this can throw.
    if (!(error instanceof RangeError)) throw error;
    work.refuseUncertain({
      detail: "The statement nests too deeply to be rewritten.",
      hint: "Split it into smaller statements.",
      offset: undefined,
    });
  }
  refuseRowForms(work);
  input.onExplained?.({ reasons: work.reasons(), tables: work.explained ?? [] });
  if (work.refusal !== undefined) return work.refusal;
  if (work.touched.size === 0 && !work.showsNames) return { kind: "untouched" };
  return {
    kind: "edited",
    edits: work.edits(),
    touched: [...work.touched],
    dependsOnPhysical: work.dependsOnPhysical,
    answers: answersFor(
      [...work.touched, ...work.lookup.descendants(work.touched)],
      work.targets,
      work,
    ),
  };
}

/** The names that a statement itself gives to tables and queries. */
function madeUpNames(root: AstNode): Pick<Rewriting, "aliases" | "unaliased"> {
  const aliases = new Set<string>();
  const unaliased = new Set<string>();
  const pending: unknown[] = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (Array.isArray(value)) pending.push(...value.filter((item) => item !== undefined));
    if (!isNode(value)) continue;
    for (const member of ["aliasname", "ctename"]) {
      if (typeof value[member] === "string") aliases.add(value[member]);
    }
    if (typeof value["relname"] === "string" && value["alias"] === undefined) {
      unaliased.add(value["relname"]);
    }
    pending.push(...Object.values(value).filter((member) => typeof member === "object"));
  }
  return { aliases, unaliased };
}

const WALKERS: Walkers = { expression: rewriteExpression, query: rewriteQuery };

function rewriteQuery(work: Rewriting, query: TypedNode, place: QueryPlace): Columns {
  switch (query.type) {
    case "SelectStmt":
      return rewriteSelect(work, query.node, place);
    case "InsertStmt":
      return rewriteInsert(work, query.node, place);
    case "UpdateStmt":
      return rewriteUpdate(work, query.node, place);
    case "DeleteStmt":
      return rewriteDelete(work, query.node, place);
    case "MergeStmt":
      return rewriteMerge(work, query.node, place);
    default:
      // Whatever tables it has are found unhandled in the end.
      return UNKNOWN_COLUMNS;
  }
}

function rewriteByKind(work: Rewriting, kind: string, node: AstNode): void {
  switch (kind) {
    case "SelectStmt":
    case "InsertStmt":
    case "UpdateStmt":
    case "DeleteStmt":
    case "MergeStmt":
      rewriteQuery(work, { type: kind, node }, TOP);
      return;
    case "ExplainStmt":
    case "DeclareCursorStmt":
      rewriteInner(work, node);
      return;
    case "CreateTableAsStmt":
      passCreatedName(work, nodeOf(nodeOf(node, "into") ?? {}, "rel"));
      rewriteInner(work, node);
      return;
    case "ViewStmt":
      passCreatedName(work, nodeOf(node, "view"));
      rewriteInner(work, node);
      return;
    case "PrepareStmt":
      refuseRowTypesNow(work, node["argtypes"]);
      rewriteInner(work, node);
      return;
    case "CopyStmt":
      rewriteCopy(work, node);
      return;
    case "CallStmt": {
      const call = nodeOf(node, "funccall");
      const place = {
        scope: undefined,
        ctes: TOP.ctes,
        clause: "other",
        parents: undefined,
      } as const;
      if (call !== undefined) rewriteExpression(work, { type: "FuncCall", node: call }, place);
      return;
    }
    case "RenameStmt":
      rewriteRename(work, node);
      return;
    case "DoStmt":
      refuseChainInBody(work, node);
      return;
    default:
      rewriteUtility(work, kind, node);
  }
}

const TOP: QueryPlace = { outer: undefined, ctes: new Map(), isTop: true };

function rewriteInner(work: Rewriting, node: AstNode): void {
  const inner = typedOf(node, "query");
  if (inner !== undefined) rewriteByKind(work, inner.type, inner.node);
}

/** A table that became a subquery has no row locks and system columns, and its row is of no named type. */
function refuseRowForms(work: Rewriting): void {
  const hint = "Select the columns that are needed in a subquery, and use that subquery's row.";
  if (work.rowForms.size > 0 && (work.hasRowLock || work.hasSystemColumn)) {
    work.refuseUncertain({
      detail: "A whole row is used together with a row lock or a system column.",
      hint,
      offset: undefined,
    });
  }
  for (const [form, offset] of work.plainRows) {
    if (!work.rowForms.has(form)) continue;
    work.refuseUncertain({
      detail:
        "A whole row is given to a function that shows its field names, and also used otherwise.",
      hint,
      offset,
    });
  }
}

/**
 * The last line of "never guesses": a reference to a table under a window that no other part has
 * dealt with is refused.
 */
function refuseUnhandled(work: Rewriting, root: AstNode): void {
  const pending: unknown[] = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (Array.isArray(value)) {
      pending.push(...value.filter((item) => item !== undefined));
      continue;
    }
    if (!isNode(value)) continue;
    if (typeof value["relname"] === "string" && !work.handled.has(value)) {
      const found = lookUp(work, value);
      if (found.kind === "windowed" || found.kind === "hidden" || found.kind === "broken") {
        work.refuseUncertain({
          detail: `The table "${value["relname"]}" is being renamed, and stands where it can't be rewritten.`,
          hint: "Run it from a session without a version tag, under the names that the database has now.",
          offset: locationOf(value),
        });
      }
    }
    pending.push(...Object.values(value).filter((member) => typeof member === "object"));
  }
}
