import type { Config } from "../config/config.ts";
import { CatalogReader } from "../control/catalog-reader.ts";
import type { Catalog } from "../version/catalog.ts";
import { controlConnection } from "./control-connection.ts";

/** The catalog as it is now, for commands that need it once. Rejects if the server can't be reached. */
export async function readCatalog(config: Config): Promise<Catalog> {
  const reader = new CatalogReader({
    connection: controlConnection(config),
    pollMs: config.control.pollIntervalMs,
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
