import type pg from "pg";
import type { Config } from "../config/config.ts";
import { CatalogReader } from "../control/catalog-reader.ts";
import type { Catalog } from "../version/catalog.ts";
import { controlConnection } from "./control-connection.ts";

/** The catalog as it is now, for commands that need it once. Rejects if the server can't be reached. */
export function readCatalog(config: Config): Promise<Catalog> {
  return catalogOver(controlConnection(config));
}

/** The same, of any database. */
export async function catalogOver(connection: pg.ClientConfig): Promise<Catalog> {
  const reader = new CatalogReader({
    connection,
    pollMs: 1_000,
    answerMs: 0,
    isNeeded: () => false,
    onChange: () => undefined,
    onProblem: () => undefined, // Told by `start`.
  });
  try {
    return await reader.start();
  } finally {
    await reader.stop();
  }
}
