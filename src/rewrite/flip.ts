import type { ParsedStatement } from "../sql/parse.ts";
import type { Catalog, Relation } from "../version/catalog.ts";
import { tableNamesOf, type Window } from "../version/window.ts";
import { nodeOf, stringOf } from "./node.ts";

/** A RENAME that carries a window's names over, or back. */
export interface Flip {
  readonly window: Window;
  readonly relation: Relation;
  readonly kind: "column" | "table";
  readonly from: string;
  readonly to: string;
}

/** Which window's names a RENAME statement exchanges in the database; undefined if none. */
export function flipOf(
  statement: ParsedStatement,
  place: { windows: readonly Window[]; catalog: Catalog; searchPath: readonly string[] },
): Flip | undefined {
  if (statement.kind !== "RenameStmt") return undefined;
  const reference = nodeOf(statement.node, "relation");
  if (reference === undefined) return undefined;
  const relation = findRelation(reference, place);
  if (relation === undefined) return undefined;

  const to = stringOf(statement.node, "newname");
  const column = stringOf(statement.node, "subname");
  const isColumn = statement.node["renameType"] === "OBJECT_COLUMN";
  if (!isColumn && !TABLE_KINDS.has(String(statement.node["renameType"]))) return undefined;
  const from = isColumn ? column : relation.name;
  for (const window of place.windows) {
    const isItsTable =
      window.schema === relation.schema && tableNamesOf(window).includes(relation.name);
    if (!isItsTable) continue;
    const pairs = isColumn
      ? [...window.renameColumns]
      : [[window.table, window.renameTable] as const];
    for (const [before, after] of pairs) {
      if ((from === before && to === after) || (from === after && to === before)) {
        return { window, relation, kind: isColumn ? "column" : "table", from, to };
      }
    }
  }
  return undefined;
}

const TABLE_KINDS: ReadonlySet<string> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
]);

function findRelation(
  reference: Readonly<Record<string, unknown>>,
  place: { catalog: Catalog; searchPath: readonly string[] },
): Relation | undefined {
  const database = stringOf(reference, "catalogname");
  if (database !== "" && database !== place.catalog.database) return undefined;
  const schema = stringOf(reference, "schemaname");
  const schemas = schema === "" ? place.searchPath : [schema];
  for (const candidate of schemas) {
    const relation = place.catalog.relation(candidate, stringOf(reference, "relname"));
    if (relation !== undefined) return relation;
  }
  return undefined;
}
