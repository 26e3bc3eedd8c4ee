import type { PhysicalName } from "../metrics/metrics.ts";
import type { Catalog } from "../version/catalog.ts";
import { locate } from "../version/naming.ts";
import type { Window } from "../version/window.ts";

/** What each windowed column and table is called at present, for those that the catalog has. */
export function physicalNames(state: {
  readonly windows: readonly Window[];
  readonly catalog: Catalog;
}): PhysicalName[] {
  return state.windows.flatMap((window) => {
    const located = locate(window, state.catalog);
    if (located.kind === "problem") return [];
    const table = `${window.schema}.${window.table}`;
    const columns = [...located.columns].map(([before, name]) => ({
      window: `${table}.${before}`,
      name,
    }));
    const renamed =
      window.renameTable === undefined ? [] : [{ window: table, name: located.relation.name }];
    return [...columns, ...renamed];
  });
}
