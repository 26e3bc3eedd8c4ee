import { sharedNames } from "../base/rename-chains.ts";
import type { Column, Relation } from "./catalog.ts";
import type { NamedColumn, NamedRelation, Side } from "./naming.ts";
import type { Window } from "./window.ts";

export interface SidedWindow {
  readonly window: Window;
  /** Whose names the version uses. */
  readonly side: Side;
  /** What each renamed column is called now, by its old name. */
  readonly columns: ReadonlyMap<string, string>;
}

/** What a version calls a table and its columns, given which side of each window it is on. */
export function nameRelation(
  relation: Relation,
  windows: readonly SidedWindow[],
): Omit<NamedRelation, "roots"> {
  const logicalByPhysical = new Map<string, string>();
  let logicalName = relation.name;
  let isTableRenamed = false;
  let otherName: string | undefined;
  const otherByPhysical = new Map<string, string>();
  const chained: string[] = [];
  // An heir can be under a window of its own beside its parent's.
  const shared = sharedNames(new Map(windows.flatMap(({ window }) => [...window.renameColumns])));
  for (const { window, side, columns } of windows) {
    if (window.renameTable !== undefined) {
      isTableRenamed = true;
      logicalName = side === "old" ? window.table : window.renameTable;
      otherName = side === "old" ? window.renameTable : window.table;
    }
    for (const [before, after] of window.renameColumns) {
      const logical = side === "old" ? before : after;
      const physical = columns.get(before) ?? before;
      if (shared.has(before) || shared.has(after)) chained.push(physical);
      logicalByPhysical.set(physical, logical);
      otherByPhysical.set(physical, side === "old" ? after : before);
    }
  }
  const columns = relation.columns.map(({ name, attnum, isGenerated = false }: Column) => {
    const other = otherByPhysical.get(name);
    return {
      logical: logicalByPhysical.get(name) ?? name,
      physical: name,
      attnum,
      isGenerated,
      ...(other === undefined ? {} : { otherName: other }),
    };
  });
  const lastWindowed = columns.findLastIndex(({ physical }) => logicalByPhysical.has(physical));
  return {
    oid: relation.oid,
    schema: relation.schema,
    logicalName,
    physicalName: relation.name,
    kind: relation.kind,
    isTableRenamed,
    ...(otherName === undefined ? {} : { otherName }),
    columns,
    aliasCount: lastWindowed + 1,
    exchange: exchangeOf(columns),
    chained,
  };
}

function exchangeOf(columns: readonly NamedColumn[]): ReadonlyMap<string, string> {
  const exchange = new Map<string, string>();
  for (const { logical, physical } of columns) {
    if (logical !== physical) exchange.set(logical, physical);
  }
  // Close each chain: its last, physical-only name leads to its first, logical-only one.
  const physicalNames = new Set(exchange.values());
  for (const first of [...exchange.keys()].filter((name) => !physicalNames.has(name))) {
    let last = first;
    for (let next = exchange.get(last); next !== undefined; next = exchange.get(last)) last = next;
    exchange.set(last, first);
  }
  return exchange;
}
