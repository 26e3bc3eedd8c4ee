import type { Config } from "../../config/config.ts";
import type { Catalog } from "../../version/catalog.ts";
import type { UsedName } from "../../version/usage.ts";
import type { Window } from "../../version/window.ts";
import { withConnection } from "../control-connection.ts";
import { findBodies } from "../preflight/bodies.ts";
import { readCatalog } from "../read-catalog.ts";

/** What the database itself has of a name: no statement of a session tells of that. */
export interface InDatabase {
  /** Whether the catalog, or an open window, has it. */
  readonly isKnown: boolean;
  /** Functions, triggers and jobs in whose text it stands, as PostgreSQL describes them. */
  readonly bodies: readonly string[];
}

/** Looks it up. A server that can't be reached is a SetupError. */
export async function lookUpInDatabase(config: Config, name: UsedName): Promise<InDatabase> {
  // A rename that changes nothing: what a preflight finds of it is what names it.
  const { schema, table, column } = name;
  const asWindow: Window = {
    schema,
    table,
    renameTable: column === undefined ? table : undefined,
    renameColumns: new Map(column === undefined ? [] : [[column, column]]),
    old: "*",
    new: "*",
    app: undefined,
    closes: undefined,
  };
  const spots = await withConnection(config, (client) =>
    findBodies(client, asWindow, config.control.schema),
  );
  const isKnown = config.windows.some((window) => isOfWindow(name, window));
  return {
    isKnown: isKnown || isInCatalog(name, await readCatalog(config)),
    bodies: [...new Set(spots.map(({ object }) => object))],
  };
}

function isInCatalog({ schema, table, column }: UsedName, catalog: Catalog): boolean {
  const relation = catalog.relation(schema, table);
  if (relation === undefined) return false;
  return column === undefined || relation.columns.some(({ name }) => name === column);
}

function isOfWindow({ schema, table, column }: UsedName, window: Window): boolean {
  if (schema !== window.schema || ![window.table, window.renameTable].includes(table)) return false;
  if (column === undefined) return true;
  return [...window.renameColumns].flat().includes(column);
}
