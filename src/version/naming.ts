import { createHash } from "node:crypto";
import semver from "semver";
import { physicalColumns } from "../base/rename-chains.ts";
import type { Catalog, Relation } from "./catalog.ts";
import { nameRelation, type SidedWindow } from "./named-relation.ts";
import type { VersionTag } from "./tag.ts";
import { tableNamesOf, type Window } from "./window.ts";

export interface NamedColumn {
  readonly logical: string;
  readonly physical: string;
  readonly attnum: number;
  readonly isGenerated: boolean;
  /** The name that it has for the versions on the other side of its window; undefined without one. */
  readonly otherName?: string;
}

/** A table under a window, with the names that one version uses for it. */
export interface NamedRelation {
  readonly oid: number;
  readonly schema: string;
  readonly logicalName: string;
  readonly physicalName: string;
  /** `pg_class.relkind`. */
  readonly kind: string;
  /** The window renames the table itself, whether or not that has happened yet. */
  readonly isTableRenamed: boolean;
  /** The table's name for the versions on the other side, where the window renames it. */
  readonly otherName?: string;
  /** Live columns, in order. */
  readonly columns: readonly NamedColumn[];
  /** How many leading columns an alias list must name: up to the last windowed one, 0 if none is. */
  readonly aliasCount: number;
  /**
   * Logical to physical column name, for those that differ, closed to a permutation: a name that
   * exists only physically leads to one that does not exist, so that whoever writes it gets the error
   * that the unrenamed table would give.
   */
  readonly exchange: ReadonlyMap<string, string>;
  /**
   * The columns of its windows' chains (a to b, b to c) as they are called now: a text that was made under other
   * names could find a column under each of its own, if it does not say all of these.
   */
  readonly chained: readonly string[];
  /** OIDs of the tables under windows whose partition or heir it is: it is renamed with them. */
  readonly roots: readonly number[];
}

/** A table whose window does not fit the catalog: what a version means by its names is unknown. */
export interface BrokenRelation {
  readonly schema: string;
  readonly names: readonly string[];
  readonly problem: string;
}

/** The names that sessions of one version use. Sessions without a logical name share an empty one. */
export class Naming {
  readonly relations: readonly NamedRelation[];
  readonly broken: readonly BrokenRelation[];
  /** The catalog snapshot that it was made from. */
  readonly epoch: number;
  /** Every old and new name of its tables and columns: what has none of them can't matter. */
  readonly words: ReadonlySet<string>;
  /** Differs whenever a text rewritten under it could differ. */
  readonly id: string;
  readonly #byLogicalName: ReadonlyMap<string, NamedRelation>;
  readonly #byOid: ReadonlyMap<number, NamedRelation>;

  constructor(parts: {
    relations: readonly NamedRelation[];
    broken: readonly BrokenRelation[];
    epoch: number;
    words: ReadonlySet<string>;
  }) {
    this.relations = parts.relations;
    this.broken = parts.broken;
    this.epoch = parts.epoch;
    this.words = parts.words;
    this.id = identityOf(parts);
    this.#byLogicalName = new Map(
      parts.relations.map((relation) => [key(relation.schema, relation.logicalName), relation]),
    );
    this.#byOid = new Map(parts.relations.map((relation) => [relation.oid, relation]));
  }

  get isEmpty(): boolean {
    return this.relations.length === 0 && this.broken.length === 0;
  }

  byLogicalName(schema: string, name: string): NamedRelation | undefined {
    return this.#byLogicalName.get(key(schema, name));
  }

  byOid(oid: number): NamedRelation | undefined {
    return this.#byOid.get(oid);
  }
}

/**
 * What this tag's sessions call the tables and columns under windows, given the names that the catalog
 * has now. A version outside both ranges, no tag, or another application's: physical names, so the
 * relation is left out.
 */
export function namingFor(
  tag: VersionTag | undefined,
  windows: readonly Window[],
  catalog: Catalog,
): Naming {
  const broken: BrokenRelation[] = [];
  const words = new Set<string>();
  const byOid = new Map<number, { relation: Relation; windows: SidedWindow[] }>();

  const rootsByOid = new Map<number, Set<number>>();
  const addWindow = (relation: Relation, window: SidedWindow) => {
    const entry = byOid.get(relation.oid);
    if (entry === undefined) byOid.set(relation.oid, { relation, windows: [window] });
    else entry.windows.push(window);
  };

  for (const window of windows) {
    const side = sideOf(tag, window);
    if (side === undefined) continue;
    for (const word of wordsOf(window)) words.add(word);
    const located = locate(window, catalog);
    if (located.kind === "problem") {
      broken.push({ schema: window.schema, names: tableNamesOf(window), problem: located.problem });
      continue;
    }
    const { relation, columns } = located;
    addWindow(relation, { window, side, columns });
    if (window.renameColumns.size === 0) continue;
    // A column's new name is its partitions' and heirs' as well; a table's is its own.
    for (const child of catalog.descendants(relation.oid)) {
      words.add(child.name);
      const ofColumns = {
        ...window,
        table: child.name,
        renameTable: undefined,
        otherTables: [],
      };
      addWindow(child, { window: ofColumns, side, columns });
      const roots = rootsByOid.get(child.oid) ?? new Set();
      rootsByOid.set(child.oid, roots.add(relation.oid));
    }
  }

  const relations = [...byOid.values()].map((entry) => ({
    ...nameRelation(entry.relation, entry.windows),
    roots: [...(rootsByOid.get(entry.relation.oid) ?? [])],
  }));
  return new Naming({ relations, broken, epoch: catalog.epoch, words });
}

/** One sentence for each window that does not fit the catalog: neither name there, or both. */
export function windowProblems(windows: readonly Window[], catalog: Catalog): string[] {
  const problems: string[] = [];
  for (const window of windows) {
    const located = locate(window, catalog);
    if (located.kind === "problem") problems.push(located.problem);
  }
  return problems;
}

/** Which of the two names a version uses. */
export type Side = "old" | "new";

/** Undefined for no tag, a version outside of both ranges, and another application's. */
export function sideOf(tag: VersionTag | undefined, window: Window): Side | undefined {
  if (tag === undefined) return undefined;
  if (window.app !== undefined && window.app !== tag.app) return undefined;
  const version = parseVersion(tag.version);
  if (version === undefined) return undefined;
  // Without includePrerelease, 2.1.0-rc.1 would be in neither "<2.0.0" nor ">=2.0.0" and see physical
  // names. With it, prereleases stand where semver orders them: 2.0.0-rc.1 is before 2.0.0.
  const options = { includePrerelease: true };
  if (semver.satisfies(version, window.old, options)) return "old";
  if (semver.satisfies(version, window.new, options)) return "new";
  return undefined;
}

/** Takes `2.1` and `v2.1.0` as well: image tags and labels are spelt like that. */
function parseVersion(text: string): string | undefined {
  const exact = semver.parse(text, { loose: true });
  if (exact !== null) return exact.version;
  return /^v?\d+(\.\d+)?$/.test(text) ? semver.coerce(text)?.version : undefined;
}

export type Located =
  | {
      readonly kind: "relation";
      readonly relation: Relation;
      /** What each renamed column is called now, by its old name. */
      readonly columns: ReadonlyMap<string, string>;
    }
  | { readonly kind: "problem"; readonly problem: string };

/** The table that a window is about, if it and every column have exactly one of their two names. */
export function locate(window: Window, catalog: Catalog): Located {
  const label = `${window.schema}.${window.table}`;
  const found = tableNamesOf(window).flatMap((name) => catalog.relation(window.schema, name) ?? []);
  const [relation, another] = found;
  if (relation === undefined) {
    const names = tableNamesOf(window).map((name) => `${window.schema}.${name}`);
    return { kind: "problem", problem: `window on ${label}: ${names.join(" and ")} not found` };
  }
  if (another !== undefined) {
    const problem = `window on ${label}: both ${relation.name} and ${another.name} exist`;
    return { kind: "problem", problem };
  }
  const names = new Set(relation.columns.map((column) => column.name));
  const columns = physicalColumns(window.renameColumns, names);
  if (columns.kind === "problem") {
    return { kind: "problem", problem: `window on ${label}: ${columns.problem}` };
  }
  return { kind: "relation", relation, columns: columns.byOldName };
}

function wordsOf(window: Window): readonly string[] {
  return [
    ...tableNamesOf(window),
    ...window.renameColumns.keys(),
    ...window.renameColumns.values(),
  ];
}

function identityOf(parts: {
  relations: readonly NamedRelation[];
  broken: readonly BrokenRelation[];
  epoch: number;
}): string {
  if (parts.relations.length === 0 && parts.broken.length === 0) return "";
  // The epoch too: which column a bare name means can hang on the columns of any other table.
  const relations = parts.relations.map((relation) => ({
    ...relation,
    exchange: [...relation.exchange],
  }));
  const text = JSON.stringify([parts.epoch, relations, parts.broken]);
  return createHash("sha256").update(text).digest("base64url");
}

// A name can hold any character but NUL, so NUL separates without ambiguity.
function key(schema: string, name: string): string {
  return `${schema}\0${name}`;
}
