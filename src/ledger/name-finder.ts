import type { NameUse, TableName, UsedNames } from "../sql/name-use.ts";
import type { Catalog } from "../version/catalog.ts";
import type { Naming } from "../version/naming.ts";
import { HIDDEN_NAME, type LedgerName, nameKey, VERSION_NAME } from "./ledger-name.ts";

/** By what the names in a session's text are found. */
export interface FoundBy {
  readonly naming: Naming;
  readonly catalog: Catalog;
  /** The session's effective schemas, in order; undefined where they are not known. */
  readonly schemas: readonly string[] | undefined;
}

/**
 * The names that a text uses, as the ledger keeps them: never less than it uses. A table without a schema
 * is one of each schema in the session's search_path up to the first that has it, or of any schema where
 * that path is not known. A bare column is one of each table that has it, or of all that it could be of.
 * The server's own tables are left out.
 */
export function ledgerNames(names: UsedNames, by: FoundBy): readonly LedgerName[] {
  const found = new Map<string, LedgerName>();
  const add = (name: LedgerName) => found.set(nameKey(name), name);
  add(VERSION_NAME);
  if (names.hidden !== undefined) add(HIDDEN_NAME);
  const finder = new NameFinder(by);
  for (const use of names.uses) {
    for (const table of finder.tablesOf(use)) {
      for (const schema of finder.schemasOf(table)) {
        const place = { schema, table: table.table, column: "" };
        add({ ...place, part: "table" });
        if (use.isWholeRow) add({ ...place, part: "row" });
        else if (use.column !== undefined) add({ ...place, part: "column", column: use.column });
      }
    }
  }
  return [...found.values()];
}

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(["pg_catalog", "information_schema"]);

class NameFinder {
  readonly #by: FoundBy;
  readonly #index: TableIndex;

  constructor(by: FoundBy) {
    this.#by = by;
    this.#index = indexOf(by.catalog);
  }

  /** Those of a use that it can be of. */
  tablesOf({ tables, column }: NameUse): readonly TableName[] {
    if (tables.length < 2 || column === undefined) return tables;
    const having: TableName[] = [];
    for (const table of tables) {
      const columns = this.#columnsOf(table);
      if (columns === undefined) return tables;
      if (columns.some((names) => names.has(column))) having.push(table);
    }
    return having.length === 0 ? tables : having;
  }

  /** Where a table may be; "" is anywhere. None for the server's own. */
  schemasOf({ schema, table }: TableName): readonly string[] {
    const { schemas } = this.#by;
    if (schema !== "") return SYSTEM_SCHEMAS.has(schema) ? [] : [schema];
    if (schemas === undefined) return this.#isSystemOnly(table) ? [] : [""];
    const found: string[] = [];
    for (const candidate of schemas) {
      const isThere = this.#has(candidate, table);
      if (SYSTEM_SCHEMAS.has(candidate)) {
        if (isThere) break;
        continue;
      }
      // Whether a temporary table is there is known a moment late: those behind it count too.
      if (isTemporary(candidate)) continue;
      found.push(candidate);
      if (isThere) break;
    }
    return found;
  }

  #has(schema: string, table: string): boolean {
    const { naming, catalog } = this.#by;
    if (naming.byLogicalName(schema, table) !== undefined) return true;
    return catalog.relation(schema, table) !== undefined;
  }

  #isSystemOnly(table: string): boolean {
    const places = this.#index.get(table);
    if (places === undefined) return false;
    const isOwn = this.#by.naming.relations.some(({ logicalName }) => logicalName === table);
    return !isOwn && places.every(({ schema }) => SYSTEM_SCHEMAS.has(schema));
  }

  /** The columns of every table that it can be; undefined where one is not in the catalog. */
  #columnsOf(table: TableName): readonly ReadonlySet<string>[] | undefined {
    const schemas = this.schemasOf(table);
    const isIn = (schema: string) =>
      schemas.length === 0
        ? SYSTEM_SCHEMAS.has(schema)
        : schemas.includes("") || schemas.includes(schema);
    const columns = (this.#index.get(table.table) ?? [])
      .filter(({ schema }) => isIn(schema))
      .map(({ names }) => names);
    for (const relation of this.#by.naming.relations) {
      const isMeant = relation.logicalName === table.table && isIn(relation.schema);
      if (isMeant) columns.push(new Set(relation.columns.map(({ logical }) => logical)));
    }
    return columns.length === 0 ? undefined : columns;
  }
}

function isTemporary(schema: string): boolean {
  return schema.startsWith("pg_temp");
}

type TableIndex = ReadonlyMap<
  string,
  readonly { readonly schema: string; readonly names: ReadonlySet<string> }[]
>;

const INDEXES = new WeakMap<Catalog, TableIndex>();

/** A catalog's relations by their bare names. */
function indexOf(catalog: Catalog): TableIndex {
  const known = INDEXES.get(catalog);
  if (known !== undefined) return known;
  const index = new Map<string, { schema: string; names: ReadonlySet<string> }[]>();
  for (const { schema, name, columns } of catalog.relations()) {
    const entry = { schema, names: new Set(columns.map((column) => column.name)) };
    const others = index.get(name);
    if (others === undefined) index.set(name, [entry]);
    else others.push(entry);
  }
  INDEXES.set(catalog, index);
  return index;
}
