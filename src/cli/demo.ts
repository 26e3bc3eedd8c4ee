/**
 * `npm run demo`: a rolling deployment with a rename in the middle, first without Straddle, then with
 * it. Exits with 1 if a query failed through Straddle.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { runDeployment } from "./demo/deployment.ts";
import { comparison } from "./demo/printed.ts";
import { screenOn } from "./demo/screen.ts";
import type { Statistics } from "./demo/statistics.ts";
import { startStraddleProcess } from "./demo/straddle-process.ts";
import { startEmbeddedPostgres } from "./embedded/embedded-postgres.ts";
import { freePort } from "./embedded/free-port.ts";
import { exitWith } from "./fail.ts";
import { seedShop } from "./shop/seed.ts";
import { shopSettings } from "./shop/settings.ts";
import { sourceOf } from "./source-of.ts";

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
    const direct = await runDeployment(
      { ...address, database: "direct" },
      screenOn(process.stdout),
    );

    console.log("\nThrough Straddle: the same, with a window open");
    await seedShop(address, "straddled");
    const straddled = await throughStraddle(address, folder);

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

async function throughStraddle(address: pg.ClientConfig, folder: string): Promise<Statistics> {
  const listenPort = await freePort();
  const configFile = join(folder, "straddle.yaml");
  const settings = shopSettings({
    server: { host: String(address.host), port: Number(address.port) },
    database: "straddled",
    listenPort,
    metricsPort: await freePort(),
    auditPath: join(folder, "audit.jsonl"),
  });
  writeFileSync(configFile, settings);
  const connection = { ...address, port: listenPort, database: "straddled" };
  const straddle = await startStraddleProcess(
    sourceOf(import.meta.url, "main"),
    configFile,
    connection,
  );
  try {
    return await runDeployment(connection, screenOn(process.stdout));
  } finally {
    await straddle.stop();
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
