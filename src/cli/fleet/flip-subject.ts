import type { Catalog } from "../../version/catalog.ts";
import type { Window } from "../../version/window.ts";
import { windowContent } from "../../version/window-content.ts";

/** What a flip is about, in words that all instances of a fleet understand. */
export interface FlipSubject {
  readonly schema: string;
  /** As windows name it. */
  readonly table: string;
  readonly content: string;
}

/** Undefined where no window is about the relation. */
export function flipSubject(
  { catalog, windows }: { readonly catalog: Catalog; readonly windows: readonly Window[] },
  oid: number,
): FlipSubject | undefined {
  const relation = catalog.relationByOid(oid);
  const window = windows.find(
    ({ schema, table, renameTable }) =>
      schema === relation?.schema && (table === relation.name || renameTable === relation.name),
  );
  const content = window && windowContent(windows, window);
  if (window === undefined || content === undefined) return undefined;
  return { schema: window.schema, table: window.table, content };
}
