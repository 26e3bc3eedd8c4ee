import type { AstNode } from "../sql/ast.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import type { NamedRelation } from "../version/naming.ts";
import {
  aliasListReason,
  explainFound,
  hiddenTableReason,
  REASONS,
  tableNameReason,
} from "./explanation.ts";
import { locationOf, nodeOf, stringOf } from "./node.ts";
import { aliasColumns, aliasNames } from "./output-columns.ts";
import type { Found } from "./relation-lookup.ts";
import type { Ctes, Rewriting } from "./rewriting.ts";
import { type ScopeItem, UNKNOWN_COLUMNS, type WholeRowForm } from "./scope.ts";

/** Rewrites a table in FROM: its name, and an alias list with the version's column names. */
export function rewriteTableReference(
  work: Rewriting,
  node: AstNode,
  place: { ctes: Ctes; rowForm: "possible" | string },
): ScopeItem {
  work.handled.add(node);
  const name = stringOf(node, "relname");
  const schema = stringOf(node, "schemaname");
  const alias = nodeOf(node, "alias");
  const aliases = aliasNames(alias?.["colnames"]);
  const visible = alias === undefined ? name : stringOf(alias, "aliasname");

  const cte = schema === "" ? place.ctes.get(name) : undefined;
  const found: Found = cte === undefined ? findTable(work, node) : { kind: "unknown" };
  const windowed = found.kind === "windowed" ? found.relation : undefined;
  if (found.kind === "hidden") hideTable(work, node, found.relation);

  let columns = cte ?? UNKNOWN_COLUMNS;
  if (found.kind === "plain") {
    work.systemReferences.push({ node, relation: found.relation });
    columns = { names: found.relation.columns.map((column) => column.name), isComplete: true };
  } else if (windowed !== undefined) {
    columns = { names: windowed.columns.map((column) => column.logical), isComplete: true };
  }
  const home = windowed?.schema ?? (found.kind === "plain" ? found.relation.schema : undefined);
  return {
    name: visible,
    qualified: alias === undefined && home !== undefined ? { schema: home, name } : undefined,
    columns: aliases.length > 0 ? aliasColumns(columns, aliases) : columns,
    relation: windowed,
    isTable: home !== undefined,
    isTarget: false,
    isMerged: false,
    isQualifiedOnly: false,
    wholeRow: windowed === undefined ? undefined : writeReference(work, node, windowed, place),
  };
}

/** What a table's name in the statement means. The server refuses those of other databases. */
export function lookUp(work: Rewriting, node: AstNode): Found {
  const database = stringOf(node, "catalogname");
  if (database !== "" && database !== work.database) return { kind: "unknown" };
  return work.lookup.find(stringOf(node, "schemaname"), stringOf(node, "relname"));
}

/** What a table's name in the statement means; a broken window is refused at once. */
export function findTable(work: Rewriting, node: AstNode): Found {
  const found = lookUp(work, node);
  const written = ["catalogname", "schemaname", "relname"].map((part) => stringOf(node, part));
  work.explained?.push({
    written: written.filter(Boolean).join("."),
    offset: locationOf(node),
    meaning: explainFound(found),
  });
  if (found.kind === "broken") {
    work.refuseUncertain({
      detail: `The database does not fit a rename window: ${found.problem}.`,
      hint: "Run `straddle check`, and make the table and the window agree.",
      offset: locationOf(node),
    });
  }
  if (found.kind === "windowed") {
    work.touched.add(found.relation);
    for (const root of work.lookup.named(found.relation.roots)) work.touched.add(root);
  }
  return found;
}

/** Points a table's name at its physical one. The index of its last token, or undefined after a refusal. */
export function rewriteTableName(
  work: Rewriting,
  node: AstNode,
  relation: NamedRelation,
): number | undefined {
  const name = stringOf(node, "relname");
  const schema = stringOf(node, "schemaname");
  const index = tableNameIndex(work, node);
  if (index === undefined) return undefined;
  if (relation.isTableRenamed) work.dependsOnPhysical = true;
  if (relation.physicalName !== name) {
    const isReached =
      schema !== "" ||
      (work.lookup.reachesUnqualified(relation) && !work.aliases.has(relation.physicalName));
    const why = tableNameReason(relation, !isReached);
    work.rename(index, relation.physicalName, isReached ? "" : relation.schema, why);
  }
  return index;
}

/** A version must not reach a table by a name that it does not know: the server is to say so. */
export function hideTable(work: Rewriting, node: AstNode, relation: NamedRelation): void {
  const schema = stringOf(node, "schemaname");
  work.touched.add(relation);
  work.dependsOnPhysical = true;
  const isFree =
    !work.lookup.existsPhysically(schema, relation.logicalName) &&
    (schema !== "" || !work.aliases.has(relation.logicalName));
  const index = tableNameIndex(work, node);
  if (index === undefined) return;
  const why = hiddenTableReason(relation);
  if (isFree) work.rename(index, relation.logicalName, "", why);
  else work.fail(index, undefined, why);
}

export function tableNameIndex(work: Rewriting, node: AstNode): number | undefined {
  const parts = ["catalogname", "schemaname", "relname"]
    .map((member) => stringOf(node, member))
    .filter((part) => part !== "");
  const index = work.source.dottedName(locationOf(node), parts)?.at(-1);
  if (index === undefined) refuseSpelling(work, node, `"${stringOf(node, "relname")}"`);
  return index;
}

function refuseSpelling(work: Rewriting, node: AstNode, name: string): void {
  work.refuseUncertain({
    detail: `The name ${name} is spelt in a way that can't be rewritten.`,
    hint: "Write it as a plain or a double-quoted identifier.",
    offset: locationOf(node),
  });
}

/** Writes the name and the alias list; says where the whole reference could become a subquery. */
function writeReference(
  work: Rewriting,
  node: AstNode,
  relation: NamedRelation,
  place: { rowForm: string },
): WholeRowForm | undefined {
  const nameIndex = rewriteTableName(work, node, relation);
  if (nameIndex === undefined) return undefined;
  const { source } = work;
  const name = stringOf(node, "relname");
  const alias = nodeOf(node, "alias");
  const visible = quoteIdentifier(alias === undefined ? name : stringOf(alias, "aliasname"));
  const logical = relation.columns.slice(0, relation.aliasCount).map((column) => column.logical);

  const bounds = referenceBounds(work, node, nameIndex);
  spellOutTable(work, bounds.first);
  let end = source.token(bounds.last)?.end ?? work.end;
  if (alias === undefined) {
    const list = listText(logical);
    if (list !== "" || relation.physicalName !== name) {
      const why = list === "" ? REASONS.alias : aliasListReason(relation, logical.length);
      work.insert(end, ` AS ${visible}${list}`, why);
    }
  } else {
    const aliasIndex = bounds.last + (source.word(bounds.last + 1) === "as" ? 2 : 1);
    end = source.token(aliasIndex)?.end ?? work.end;
    if (source.word(aliasIndex + 1) === "uescape") refuseSpelling(work, node, visible);
    const given = aliasNames(alias["colnames"]);
    if (given.length === 0) {
      const why = aliasListReason(relation, logical.length);
      if (logical.length > 0) work.insert(end, listText(logical), why);
    } else {
      const close = source.token(source.closingParenthesis(aliasIndex + 1));
      end = close?.end ?? work.end;
      const more = logical.slice(given.length).map(quoteIdentifier);
      if (close !== undefined && more.length > 0) {
        const why = aliasListReason(relation, logical.length);
        work.insert(close.start, `, ${more.join(", ")}`, why);
      }
    }
  }
  if (place.rowForm !== "possible") return { kind: "impossible", because: place.rowForm };
  if (aliasNames(alias?.["colnames"]).length > 0) {
    return { kind: "impossible", because: "its fields don't have the names of the alias list" };
  }
  const start = source.token(bounds.first)?.start ?? 0;
  return { kind: "possible", start, end, name: visible };
}

function listText(names: readonly string[]): string {
  return names.length === 0 ? "" : `(${names.map(quoteIdentifier).join(", ")})`;
}

/** First and last token of `[ONLY] name [*]` and of `ONLY (name)`, given the name's last token. */
export function referenceBounds(
  work: Rewriting,
  node: AstNode,
  nameIndex: number,
): { first: number; last: number } {
  const { source } = work;
  let first = source.indexAt(locationOf(node));
  let last = nameIndex;
  if (node["inh"] !== true) {
    if (source.spelling(first - 1) === "(") {
      first -= 2;
      last += 1;
    } else first -= 1;
  } else if (source.spelling(last + 1) === "*") last += 1;
  return { first, last };
}

/** `TABLE orders` takes no alias, so it becomes the SELECT that it stands for. */
export function spellOutTable(work: Rewriting, first: number): void {
  if (work.source.word(first - 1) !== "table") return;
  const keyword = work.source.token(first - 1);
  if (keyword !== undefined) {
    work.replace(keyword.start, keyword.end, "SELECT * FROM", REASONS.table);
  }
}
