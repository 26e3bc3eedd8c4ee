import type { Catalog, Relation } from "../version/catalog.ts";
import type { NamedColumn, NamedRelation, Naming } from "../version/naming.ts";

/** What a table's name means to a session, by its own names. */
export type Found =
  | { readonly kind: "windowed"; readonly relation: NamedRelation }
  | { readonly kind: "plain"; readonly relation: Relation }
  /** Only the physical name: for this version there is no such table. */
  | { readonly kind: "hidden"; readonly relation: NamedRelation }
  | { readonly kind: "broken"; readonly problem: string }
  /** Not in the snapshot: newer than it, or the server's to report. */
  | { readonly kind: "unknown" };

/** Finds relations the way the server does, along one session's search path. */
export class RelationLookup {
  readonly #naming: Naming;
  readonly #catalog: Catalog;
  readonly #searchPath: readonly string[];
  #chainNames: ReadonlySet<string> | undefined;

  constructor(parts: { naming: Naming; catalog: Catalog; searchPath: readonly string[] }) {
    this.#naming = parts.naming;
    this.#catalog = parts.catalog;
    this.#searchPath = parts.searchPath;
  }

  find(schema: string, name: string): Found {
    let hidden: NamedRelation | undefined;
    for (const candidate of this.#schemas(schema)) {
      const windowed = this.#naming.byLogicalName(candidate, name);
      if (windowed !== undefined) return { kind: "windowed", relation: windowed };
      const broken = this.#naming.broken.find(
        (relation) => relation.schema === candidate && relation.names.includes(name),
      );
      if (broken !== undefined) return { kind: "broken", problem: broken.problem };
      const relation = this.#catalog.relation(candidate, name);
      if (relation === undefined) continue;
      const named = this.#naming.byOid(relation.oid);
      if (named === undefined) return { kind: "plain", relation };
      hidden ??= named;
    }
    return hidden === undefined ? { kind: "unknown" } : { kind: "hidden", relation: hidden };
  }

  /** Every relation that has other names for this version, or will have. */
  get windowed(): readonly NamedRelation[] {
    return this.#naming.relations;
  }

  /** The names that pass from one column to another in any of them, and those at the ends. */
  get chainNames(): ReadonlySet<string> {
    this.#chainNames ??= new Set(
      this.windowed.flatMap((relation) =>
        relation.columns.flatMap((column) => namesInChain(relation, column)),
      ),
    );
    return this.#chainNames;
  }

  named(oids: readonly number[]): readonly NamedRelation[] {
    return oids.flatMap((oid) => this.#naming.byOid(oid) ?? []);
  }

  /** Partitions and heirs of these: the server's errors may name them in their parent's place. */
  descendants(relations: ReadonlySet<NamedRelation>): readonly NamedRelation[] {
    const oids = new Set([...relations].map(({ oid }) => oid));
    return this.#naming.relations.filter(
      (relation) => !oids.has(relation.oid) && relation.roots.some((root) => oids.has(root)),
    );
  }

  /** Whether the server finds this relation by its bare physical name. */
  reachesUnqualified(relation: NamedRelation): boolean {
    return this.#physical("", relation.physicalName)?.oid === relation.oid;
  }

  /** Whether the server finds any relation of this name, whatever the version calls it. */
  existsPhysically(schema: string, name: string): boolean {
    return this.#physical(schema, name) !== undefined;
  }

  /** Where a table is made whose name is written behind this schema, or behind none. */
  schemaForNew(schema: string): string | undefined {
    if (schema !== "") return schema;
    // First of all stands a pg_temp that search_path does not name: nothing is made there without TEMP.
    const [first = "", ...rest] = this.#searchPath;
    const path = isTemporary(first) ? rest : this.#searchPath;
    return path.find((name) => name !== "pg_catalog");
  }

  #physical(schema: string, name: string): Relation | undefined {
    for (const candidate of this.#schemas(schema)) {
      const relation = this.#catalog.relation(candidate, name);
      if (relation !== undefined) return relation;
    }
    return undefined;
  }

  #schemas(schema: string): readonly string[] {
    if (schema === "") return this.#searchPath;
    // The server takes pg_temp for the session's own temporary schema.
    if (schema === "pg_temp") return this.#searchPath.filter(isTemporary);
    return [schema];
  }
}

function isTemporary(schema: string): boolean {
  return /^pg_temp_\d+$/.test(schema);
}

function namesInChain({ chained }: NamedRelation, column: NamedColumn): readonly string[] {
  const { physical, logical, otherName = logical } = column;
  return chained.includes(physical) ? [logical, otherName] : [];
}
