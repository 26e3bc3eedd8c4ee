import type { NamedRelation } from "../version/naming.ts";

/** Output columns of a table, subquery or function, in order where the order is known. */
export interface Columns {
  readonly names: readonly string[];
  /** False where there may be others: a function's result, a table that the snapshot lacks. */
  readonly isComplete: boolean;
  /** How many of the last ones SEARCH and CYCLE have added to a WITH query. */
  readonly addedCount?: number;
  /** A `*` does not show those: it does so only in the query that has the WITH, and not deeper (p_dontexpand). */
  readonly hidesAdded?: boolean;
  /** Those that are not known can be the fields of a table's row: a function's result. */
  readonly canBeRow?: boolean;
}

export const NO_COLUMNS: Columns = { names: [], isComplete: true };
export const UNKNOWN_COLUMNS: Columns = { names: [], isComplete: false };
export const UNKNOWN_ROW: Columns = { ...UNKNOWN_COLUMNS, canBeRow: true };

/** Those that `*` stands for. */
export function starColumns(columns: Columns): Columns {
  if (columns.hidesAdded !== true) return columns;
  if (!columns.isComplete) return columns.canBeRow === true ? UNKNOWN_ROW : UNKNOWN_COLUMNS;
  return { names: columns.names.slice(0, -(columns.addedCount ?? 0)), isComplete: true };
}

/** One name that a query level can refer to. Its columns are those that the client's text may use. */
export interface ScopeItem {
  /** Undefined where only bare column names can reach it (an unnamed join). */
  readonly name: string | undefined;
  /** Schema and name of a table without an alias: `schema.table.column` reaches only such. */
  readonly qualified: { readonly schema: string; readonly name: string } | undefined;
  readonly columns: Columns;
  /** The only name that the server has for it, where it is not `name`: COPY's table takes no alias. */
  readonly soleName?: string;
  /** Set for a table under a window. */
  readonly relation: NamedRelation | undefined;
  /** Its columns are a table's own, and none's that stands deeper in the query. */
  readonly isTable: boolean;
  /** The target of an INSERT, UPDATE or DELETE, which has no alias list: the server knows its physical names. */
  readonly isTarget: boolean;
  /** Seen, but not to be used: the target, by LATERAL in its own FROM. The server says so. */
  readonly isForbidden?: boolean;
  /** Joined by USING or NATURAL: some of its columns are one with those of the other side. */
  readonly isMerged: boolean;
  /** `old` and `new` in RETURNING: bare names don't reach them. */
  readonly isQualifiedOnly: boolean;
  /** Turns a FROM item into a subquery, so that a row of it has the version's field names. */
  readonly wholeRow: WholeRowForm | undefined;
}

/** Where a table reference can be turned into `(SELECT * FROM ...) AS name`, or why it can't. */
export type WholeRowForm =
  | {
      readonly kind: "possible";
      readonly start: number;
      readonly end: number;
      readonly name: string;
    }
  | {
      readonly kind: "impossible";
      readonly because: string;
      /** What it is in other clauses. */
      readonly elsewhere?: WholeRowForm;
    };

/** The names that one query level can see, then those of the levels around it. */
export interface Scope {
  readonly items: readonly ScopeItem[];
  /** Those that a bare `*` stands for, where it can stand. */
  readonly columns?: Columns;
  /** Not to be seen, but looked through for a column that is nowhere (`searchRangeTableForCol`). */
  readonly outOfSight?: readonly ScopeItem[];
  readonly outer: Scope | undefined;
}

export type Has = "yes" | "no" | "maybe";

export function hasColumn(item: ScopeItem, name: string): Has {
  if (item.isQualifiedOnly) return "no";
  if (item.columns.names.includes(name)) return "yes";
  return item.columns.isComplete ? "no" : "maybe";
}

/** What the server sees in the text that runs: alias lists give logical names, targets physical ones. */
export function hasColumnPhysically(item: ScopeItem, name: string): Has {
  if (!item.isTarget || item.relation === undefined) return hasColumn(item, name);
  if (item.isQualifiedOnly) return "no";
  return item.relation.columns.some((column) => column.physical === name) ? "yes" : "no";
}

/** The innermost item of this name. */
export function findItem(scope: Scope | undefined, name: string): ScopeItem | undefined {
  for (let level = scope; level !== undefined; level = level.outer) {
    const item = level.items.find((candidate) => candidate.name === name);
    if (item !== undefined) return item;
  }
  return undefined;
}

/** Whether something here has a name more than once: the server tells that, where it looks what else could be meant. */
export function isTwice(scope: Scope | undefined, name: string): boolean {
  for (let level = scope; level !== undefined; level = level.outer) {
    const items = [...level.items, ...(level.outOfSight ?? [])];
    if (items.some((item) => hasTwice(item, name))) return true;
  }
  return false;
}

/** An alias list, or a subquery's outputs, can have a name more than once. */
function hasTwice({ columns }: ScopeItem, name: string): boolean {
  return columns.names.indexOf(name) !== columns.names.lastIndexOf(name);
}

/** How a bare column name has to be written so that the server finds what the client meant. */
export type BareName =
  | { readonly kind: "as_written" }
  | { readonly kind: "write"; readonly qualifier: string | undefined; readonly name: string }
  | { readonly kind: "ambiguous" }
  | { readonly kind: "absent" }
  | { readonly kind: "uncertain"; readonly because: string };

/**
 * Decides what a bare column name means by the client's names, innermost level first as the server
 * does, and how to write it by the server's names so that it means the same there.
 */
export function resolveBareName(scope: Scope | undefined, name: string): BareName {
  if (!concernsTarget(scope, name)) return { kind: "as_written" };
  for (let level = scope; level !== undefined; level = level.outer) {
    const holders = level.items.filter((item) => hasColumn(item, name) === "yes");
    const unknown = level.items.find((item) => hasColumn(item, name) === "maybe");
    if (unknown !== undefined) {
      const label = unknown.name === undefined ? "a table expression" : `"${unknown.name}"`;
      return { kind: "uncertain", because: `${label} may have a column of that name as well` };
    }
    const [holder, another] = holders;
    if (holder === undefined) continue;
    const target = holders.find((item) => item.isTarget && exchanged(item, name) !== undefined);
    if (target === undefined) {
      return foundElsewhere(scope, level, name, holders);
    }
    // Target and excluded are exchanged alike: the server itself reports that they are ambiguous.
    const isShared = holders.some((item) => !item.isTarget || item.relation !== target.relation);
    if (isShared && target.isForbidden !== true) {
      return { kind: "ambiguous" };
    }
    const written = writeTarget(scope, level, target, exchanged(target, name) ?? name);
    // A qualifier would make a choice between the two.
    const isChoice =
      another !== undefined && written.kind === "write" && written.qualifier !== undefined;
    return isChoice && target.isForbidden !== true ? { kind: "ambiguous" } : written;
  }
  // A row, to the client; to the server, a column of the target.
  if (findItem(scope, name) !== undefined) {
    return { kind: "uncertain", because: "a table there has that name" };
  }
  return writeAbsent(scope, name);
}

function exchanged(item: ScopeItem, name: string): string | undefined {
  return item.isTarget ? item.relation?.exchange.get(name) : undefined;
}

function concernsTarget(scope: Scope | undefined, name: string): boolean {
  for (let level = scope; level !== undefined; level = level.outer) {
    if (level.items.some((item) => !item.isQualifiedOnly && exchanged(item, name) !== undefined)) {
      return true;
    }
  }
  return false;
}

/** The client means another table's column; a target beside it, or on the way to it, may have that name physically. */
function foundElsewhere(
  scope: Scope | undefined,
  home: Scope,
  name: string,
  holders: readonly ScopeItem[],
): BareName {
  const [holder, another] = holders;
  if (holder === undefined || !isShadowed(scope, home, name, holder)) return { kind: "as_written" };
  // Without USING or NATURAL, two of them are ambiguous to the client.
  const isSeveral = another !== undefined && !holders.some(({ isMerged }) => isMerged);
  if (isSeveral || (hasTwice(holder, name) && !holder.isMerged)) return { kind: "ambiguous" };
  if (another !== undefined || holder.name === undefined) return SEVERAL;
  return isReachedByName(scope, holder)
    ? { kind: "write", qualifier: holder.name, name }
    : { kind: "uncertain", because: `"${holder.name}" means another table in that place` };
}

/** Deeper in the query its name may be another's, and MERGE takes two of one name beside one another. */
export function isReachedByName(scope: Scope | undefined, item: ScopeItem): boolean {
  if (item.name === undefined) return false;
  for (let level = scope; level !== undefined; level = level.outer) {
    const [found, another] = level.items.filter(({ name }) => name === item.name);
    if (found !== undefined) return found === item && another === undefined;
  }
  return false;
}

const SEVERAL: BareName = {
  kind: "uncertain",
  because: "several tables in the query have that column",
};

/** Whether a target between the reference and the level that it means has that name to the server. */
function isShadowed(
  scope: Scope | undefined,
  home: Scope,
  name: string,
  holder: ScopeItem,
): boolean {
  for (let level = scope; level !== undefined; level = level.outer) {
    const isTaken = level.items.some(
      (item) => item.isTarget && hasColumnPhysically(item, name) === "yes" && item !== holder,
    );
    if (isTaken) return true;
    if (level === home) break;
  }
  return false;
}

/** The client means the target's column; its physical name may be taken on the way to it. */
function writeTarget(
  scope: Scope | undefined,
  home: Scope,
  target: ScopeItem,
  physical: string,
): BareName {
  for (let level = scope; level !== undefined; level = level.outer) {
    const isTaken = level.items.some(
      (item) => (level !== home || !item.isTarget) && hasColumnPhysically(item, physical) !== "no",
    );
    if (isTaken) {
      if (!isReachedByName(scope, target)) {
        return { kind: "uncertain", because: `"${physical}" means another column in that place` };
      }
      return { kind: "write", qualifier: target.name, name: physical };
    }
    if (level === home) break;
  }
  return { kind: "write", qualifier: undefined, name: physical };
}

/** Nobody has this name in the client's eyes; the target has it physically, so it must not be found. */
function writeAbsent(scope: Scope | undefined, name: string): BareName {
  let missing: string | undefined;
  for (let level = scope; level !== undefined; level = level.outer) {
    for (const item of level.items) missing ??= exchanged(item, name);
  }
  if (missing === undefined) return { kind: "as_written" };
  if (isTwice(scope, name)) return { kind: "ambiguous" };
  // Without a column of that name the server would take it for a table's whole row.
  if (findItem(scope, missing) !== undefined) return { kind: "absent" };
  for (let level = scope; level !== undefined; level = level.outer) {
    for (const item of [...level.items, ...(level.outOfSight ?? [])]) {
      if (hasColumnPhysically(item, missing) !== "no") return { kind: "absent" };
    }
  }
  return { kind: "write", qualifier: undefined, name: missing };
}
