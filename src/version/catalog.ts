/**
 * What Straddle knows of a database's relations: a snapshot, read by `control/` and replaced as a
 * whole. Pure data; nothing here asks the server.
 */

export interface Column {
  readonly name: string;
  /** Position in `pg_attribute`; dropped columns leave gaps. */
  readonly attnum: number;
  /** `GENERATED ALWAYS AS (...)`: COPY leaves it out. */
  readonly isGenerated?: boolean;
}

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `pg_class.relkind`: r table, p partitioned table, v view, m materialized view, f foreign table, S sequence. */
  readonly kind: string;
  /** Live columns by `attnum`: dropped and system columns are left out. */
  readonly columns: readonly Column[];
  /** OIDs of the tables that it is a partition or an heir of; undefined for none. */
  readonly parents?: readonly number[];
}

export class Catalog {
  /** Rises with every snapshot that differs from the one before. */
  readonly epoch: number;
  /** The database's name, which can stand before a schema's; "" while nothing was read. */
  readonly database: string;
  readonly #byName = new Map<string, Relation>();
  readonly #temporary = new Set<string>();
  readonly #byOid = new Map<number, Relation>();

  constructor(relations: Iterable<Relation>, epoch: number, database: string) {
    this.epoch = epoch;
    this.database = database;
    for (const relation of relations) {
      this.#byName.set(key(relation.schema, relation.name), relation);
      this.#byOid.set(relation.oid, relation);
      if (relation.schema.startsWith("pg_temp_")) this.#temporary.add(relation.name);
    }
  }

  /** The relation of this exact, unquoted name. */
  relation(schema: string, name: string): Relation | undefined {
    return this.#byName.get(key(schema, name));
  }

  /** Whether any session has a temporary relation of this name. */
  hasTemporary(name: string): boolean {
    return this.#temporary.has(name);
  }

  relationByOid(oid: number): Relation | undefined {
    return this.#byOid.get(oid);
  }

  get size(): number {
    return this.#byOid.size;
  }

  /** Its partitions and heirs, theirs too: they have all its columns, and are renamed with it. */
  descendants(oid: number): readonly Relation[] {
    const found = new Map<number, Relation>();
    const pending = [oid];
    for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
      for (const child of this.#byOid.values()) {
        if (child.parents?.includes(parent) !== true || found.has(child.oid)) continue;
        found.set(child.oid, child);
        pending.push(child.oid);
      }
    }
    return [...found.values()];
  }

  relations(): IterableIterator<Relation> {
    return this.#byOid.values();
  }
}

// A name can hold any character but NUL, so NUL separates without ambiguity.
function key(schema: string, name: string): string {
  return `${schema}\0${name}`;
}
