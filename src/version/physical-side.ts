import type { Catalog } from "./catalog.ts";
import { locate } from "./naming.ts";
import type { Window } from "./window.ts";

/**
 * Which of a window's names the catalog has: all of the old ones, all of the new ones, some of each
 * (`mixed`), or a table that does not fit the window at all (`broken`).
 */
export type PhysicalSide = "old" | "new" | "mixed" | "broken";

export function physicalSide(window: Window, catalog: Catalog): PhysicalSide {
  const located = locate(window, catalog);
  if (located.kind === "problem") return "broken";
  const { relation, columns } = located;
  const isNew = [...columns].map(([before, now]) => now !== before);
  if (window.renameTable !== undefined) isNew.push(relation.name === window.renameTable);
  if (isNew.every(Boolean)) return "new";
  return isNew.some(Boolean) ? "mixed" : "old";
}
