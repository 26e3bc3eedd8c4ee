/**
 * `npm run demo`: a rolling deployment with a rename in the middle, first without Straddle, then with
 * it. Exits with 1 if a query failed through Straddle.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renameColumn, runDeployment } from "./demo/deployment.ts";
import { startFleet } from "./demo/fleet.ts";
import { comparison } from "./demo/printed.ts";
import { screenOn } from "./demo/screen.ts";
import type { Statistics } from "./demo/statistics.ts";
import { startEmbeddedPostgres } from "./embedded/embedded-postgres.ts";
import { exitWith } from "./fail.ts";
import { seedShop } from "./shop/seed.ts";

// Each process that is started is ended with this one, by a listener of its own.
process.setMaxListeners(32);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

await main().catch(exitWith);

async function main(): Promise<void> {
  const server = await startEmbeddedPostgres({
    dataFolder: "temporary",
    settings: { max_connections: "100", shared_buffers: "64MB" },
  });
  const folder = mkdtempSync(join(tmpdir(), "straddle-demo-"));
  const leave = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", leave);
  try {
    const address = { host: server.host, port: server.port, user: server.user };

    console.log("Four pods, replaced one by one; version 1 says orders.user_id, version 2 says");
    console.log("orders.customer_id. Halfway, the column is renamed.");
    console.log("\nDirect: the pods talk to PostgreSQL");
    await seedShop(address, "direct");
    const screen = screenOn(process.stdout);
    const connection = { ...address, database: "direct" };
    const direct = await runDeployment(
      { connections: [connection], rename: async () => [await renameColumn(connection)] },
      screen,
    );

    console.log(
      "\nThrough two Straddles: the same, with a window open in the database that they share,",
    );
    console.log("and a pod of version 1 that was forgotten");
    await seedShop(address, "straddled");
    const fleet = await startFleet(address, { database: "straddled", folder, screen });
    const straddled = await runDeployment(fleet.plan, screen).finally(() => fleet.stop());

    console.log("");
    const results = [
      { name: "direct", statistics: direct },
      { name: "through Straddle", statistics: straddled },
    ];
    for (const line of comparison(results)) console.log(line);
    process.exitCode = verdict(direct, straddled);
  } finally {
    await server.stop();
    leave();
  }
}

/** The exit status, and a sentence. */
function verdict(direct: Statistics, straddled: Statistics): number {
  if (straddled.failures > 0) {
    console.log(`\n${straddled.failures} queries failed through Straddle: that should not be.`);
    return 1;
  }
  if (direct.failures === 0) {
    console.log("\nNo query failed without Straddle either: this run has shown nothing.");
    return 1;
  }
  console.log(`\n${direct.failures} queries failed without Straddle, none with it.`);
  return 0;
}
