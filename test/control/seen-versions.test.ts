import pg from "pg";
import { expect, test } from "vitest";
import { readSeenVersions } from "../../src/control/seen-versions.ts";
import { initStore } from "../../src/control/store.ts";
import { addUses } from "../../src/control/store-ledger.ts";
import { createDatabase } from "../support/server.ts";

const QUIET_MS = 60_000;
const USE = { schema: "", table: "", column: "", firstAt: 0, count: 1, fingerprints: [] };

test("versions with a session or a statement not long ago; what says none is not among them", async () => {
  const database = await createDatabase();
  const named = async (name: string) => {
    const client = new pg.Client({ ...database.connection, application_name: name });
    await client.connect();
    return client;
  };
  const clients = [
    await named("shop@2.0.0"),
    await named("psql"),
    await named("@"),
    await named(""),
  ];
  const [client] = clients;
  try {
    if (client === undefined) throw new Error("there is no client");
    await initStore(client, "straddle", { sidecars: [], operators: [] });
    const now = Date.now();
    await addUses(client, "straddle", [
      { ...USE, app: "shop", version: "1.4.0", lastAt: now },
      { ...USE, app: "shop", version: "1.0.0", lastAt: now - 2 * QUIET_MS },
      { ...USE, app: "", version: "", lastAt: now },
    ]);
    const seen = await readSeenVersions(client, "straddle", QUIET_MS);
    expect(seen).toMatchObject([
      { tag: { app: "shop", version: "2.0.0" }, sessions: 1, lastStatementAt: undefined },
      { tag: { app: "shop", version: "1.4.0" }, sessions: 0, lastStatementAt: expect.any(Date) },
    ]);
    // By the server's clock, when it was written down.
    const { rows } = await client.query("SELECT clock_timestamp() AS now");
    const at = seen[1]?.lastStatementAt?.getTime() ?? 0;
    expect(rows[0].now.getTime() - at).toBeGreaterThanOrEqual(0);
    expect(rows[0].now.getTime() - at).toBeLessThan(QUIET_MS);
  } finally {
    for (const each of clients) await each.end();
    await database.drop();
  }
});
