/**
 * `npm run bench:flip`: a column of a large table is renamed again and again while two versions of an
 * application work on it. Straddle's way, beside a plain RENAME and beside views, in one run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../../src/cli/embedded/embedded-postgres.ts";
import { type Address, RawClient } from "../raw-client.ts";
import { formatNumber, renderMarkdown, renderText } from "../report.ts";
import { DATABASE, USER } from "../target.ts";
import { type Measured, measureWay } from "./measure.ts";
import { type FlipOptions, readOptions, USAGE } from "./options.ts";
import { WAY_NAMES, WAYS } from "./ways.ts";

const SERVER_SETTINGS = {
  max_connections: "300",
  shared_buffers: "256MB",
  max_wal_size: "4GB",
  fsync: "off",
  autovacuum: "off",
};

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") {
    console.log(USAGE);
    return;
  }
  const startedMs = performance.now();
  const say = (text: string) => {
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    console.error(`${String(seconds).padStart(4)} s  ${text}`);
  };
  const folder = mkdtempSync(join(tmpdir(), "straddle-flip-"));
  say("starting PostgreSQL");
  const server = await startEmbeddedPostgres({
    dataFolder: "temporary",
    settings: SERVER_SETTINGS,
  });
  const results: { readonly name: string; readonly measured: Measured }[] = [];
  try {
    say(`a table of ${formatNumber(options.rowCount)} rows`);
    await prepare(server, options.rowCount);
    for (const name of WAY_NAMES) {
      if (options.ways.length > 0 && !options.ways.includes(name)) continue;
      const way = await WAYS[name]({ server, folder });
      say(way.name);
      try {
        const measured = await measureWay(way, options);
        results.push({ name: way.name, measured });
        for (const [message, count] of measured.errors) say(`  ${count} × ${message}`);
      } finally {
        await way.stop();
      }
    }
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
  say("done");
  const table = tableOf(results);
  console.log(`\n${surroundings(options)}\n\n${renderText(table)}`);
  if (options.isMarkdown) console.log(`\n${renderMarkdown(table)}`);
}

async function prepare(server: Address, rowCount: number): Promise<void> {
  const admin = await RawClient.connect(server, { user: USER, database: USER });
  await admin.query(`CREATE DATABASE ${DATABASE}`);
  admin.close();
  const client = await RawClient.connect(server, { user: USER, database: DATABASE });
  await client.query("CREATE TABLE flip_orders (id int, user_id int NOT NULL, total int)");
  await client.query(
    `INSERT INTO flip_orders SELECT n, n % 1000, 0 FROM generate_series(1, ${rowCount}) AS n`,
  );
  await client.query("ALTER TABLE flip_orders ADD PRIMARY KEY (id)");
  await client.query("VACUUM ANALYZE flip_orders");
  await client.query("CHECKPOINT");
  client.close();
}

type Row = readonly [name: string, unit: string, of: (measured: Measured) => number | undefined];

const ROWS: readonly Row[] = [
  ["statements", "", ({ statementCount }) => statementCount],
  ["failed", "", ({ failedCount }) => failedCount],
  ["p99 before the flips", "ms", ({ before }) => before.p99],
  ["p99 of what was under way in a flip", "ms", ({ during }) => during.p99],
  ["p99 between flips and after them", "ms", ({ after }) => after.p99],
  ["longest before the flips", "ms", ({ before }) => before.longest],
  ["longest of what was under way in a flip", "ms", ({ during }) => during.longest],
  ["longest between flips and after them", "ms", ({ after }) => after.longest],
  ["a flip, median", "ms", ({ flip }) => flip.p50],
  ["a flip, longest", "ms", ({ flip }) => flip.longest],
  ["flips tried again, lock not had in time", "", ({ lockTimeoutCount }) => lockTimeoutCount],
  ["the load's own longest delay", "ms", ({ ownDelayMs }) => ownDelayMs],
];

function tableOf(
  results: readonly { readonly name: string; readonly measured: Measured }[],
): readonly (readonly string[])[] {
  const rows = ROWS.map(([name, unit, of]) => [
    name,
    unit,
    ...results.map(({ measured }) => {
      const value = of(measured);
      return unit === "" ? String(value) : formatNumber(value);
    }),
  ]);
  return [["", "unit", ...results.map(({ name }) => name)], ...rows];
}

/** What the numbers hang on. */
function surroundings(options: FlipOptions): string {
  const { rowCount, sessionCount, flipCount, pauseMs, betweenMs } = options;
  const processor = `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores`;
  return `${processor}; Node ${process.version}, PostgreSQL 18, all on one machine.
${formatNumber(rowCount)} rows; ${sessionCount} sessions, half of each version, simple and prepared, autocommit and transactions,
${pauseMs} ms between turns; ${flipCount} flips back and forth, ${betweenMs} ms apart.`;
}

// What was started is ended on exit, and a signal alone would not run that.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
