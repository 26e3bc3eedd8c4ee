import type { PhysicalName } from "../metrics/metrics.ts";
import type { Catalog } from "../version/catalog.ts";
import { tableNamesOf, type Window } from "../version/window.ts";

/** What each windowed column and table is called at present, for those that the catalog has. */
export function physicalNames(state: {
  readonly windows: readonly Window[];
  readonly catalog: Catalog;
}): PhysicalName[] {
  return state.windows.flatMap((window) => {
    const relation = tableNamesOf(window)
      .map((name) => state.catalog.relation(window.schema, name))
      .find((found) => found !== undefined);
    if (relation === undefined) return [];
    const table = `${window.schema}.${window.table}`;
    const columns = [...window.renameColumns].flatMap(([before, after]) => {
      const column = relation.columns.find(({ name }) => name === before || name === after);
      return column === undefined ? [] : [{ window: `${table}.${before}`, name: column.name }];
    });
    const renamed =
      window.renameTable === undefined ? [] : [{ window: table, name: relation.name }];
    return [...columns, ...renamed];
  });
}
