import { type AstNode, listMember, nodeMember, stringMember } from "./ast.ts";
import type { TableName } from "./name-use.ts";

/** What stands in FROM under one name; without tables it is a subquery, a function or a WITH query. */
interface Source {
  readonly name: string;
  readonly tables: readonly TableName[];
}

/** The names that a query level can see, and those around it. */
export class NameScope {
  readonly #around: NameScope | undefined;
  readonly #sources: Source[] = [];
  readonly #withQueries: ReadonlySet<string>;

  constructor(outer?: NameScope, withQueries: ReadonlySet<string> = new Set()) {
    this.#around = outer;
    this.#withQueries = withQueries;
  }

  /** Without what stands in this level. */
  get outer(): NameScope {
    return this.#around ?? new NameScope();
  }

  add(name: string, tables: readonly TableName[]): void {
    this.#sources.push({ name, tables });
  }

  /** The tables of this level. */
  get tables(): readonly TableName[] {
    return this.#sources.flatMap((source) => source.tables);
  }

  /** The tables of this level and of all around it. */
  get allTables(): readonly TableName[] {
    const tables: TableName[] = [];
    for (const scope of this.#chain()) tables.push(...scope.tables);
    return tables;
  }

  isWithQuery(name: string): boolean {
    for (const scope of this.#chain()) if (scope.#withQueries.has(name)) return true;
    return false;
  }

  /** The tables behind a name in FROM, of the innermost level that has it; undefined where none has. */
  named(name: string, schema = ""): readonly TableName[] | undefined {
    for (const scope of this.#chain()) {
      const found = scope.#sources.filter(
        (source) =>
          source.name === name &&
          (schema === "" || source.tables.some((each) => ["", schema].includes(each.schema))),
      );
      if (found.length > 0) return found.flatMap((source) => source.tables);
    }
    return undefined;
  }

  *#chain(): IterableIterator<NameScope> {
    for (let scope: NameScope | undefined = this; scope !== undefined; scope = scope.#around) {
      yield scope;
    }
  }
}

/** A RangeVar's table, without its database. */
export function tableOf(range: AstNode): TableName {
  return { schema: stringMember(range, "schemaname"), table: stringMember(range, "relname") };
}

/** The name that an item of FROM goes by, if it has one. */
export function aliasOf(item: AstNode): string | undefined {
  const alias = nodeMember(item, "alias");
  return alias === undefined ? undefined : stringMember(alias, "aliasname");
}

/** Whether it gives columns other names, by their position. */
export function renamesColumns(item: AstNode): boolean {
  const alias = nodeMember(item, "alias");
  return alias !== undefined && listMember(alias, "colnames").length > 0;
}
