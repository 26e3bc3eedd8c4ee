/**
 * `npm run bench`: what Straddle costs, beside PostgreSQL without a proxy and beside PgBouncer in
 * session mode, measured in turn in one run.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import {
  type EmbeddedServer,
  startEmbeddedPostgres,
} from "../../src/cli/embedded/embedded-postgres.ts";
import { measureDecisions } from "./decisions.ts";
import { findProgram } from "./find-program.ts";
import { measureIdleSessions } from "./idle-sessions.ts";
import { type BenchOptions, type Part, readOptions, USAGE } from "./options.ts";
import { pgBouncerVersion, startPgBouncer } from "./pgbouncer.ts";
import { residentMegabytes } from "./process-usage.ts";
import { RawClient } from "./raw-client.ts";
import { Measures, renderMarkdown, renderText, tableOf } from "./report.ts";
import { startStraddle, WINDOW_TABLE } from "./straddle.ts";
import { measureStreaming, measureStreamMemory, prepareStreaming } from "./streaming.ts";
import { connect, DATABASE, type Target, USER } from "./target.ts";
import { measureThroughput } from "./throughput.ts";

const SESSIONS_MAX = 700;

const SERVER_SETTINGS = {
  // PgBouncer keeps server connections whose clients are gone.
  max_connections: String(2 * SESSIONS_MAX + 50),
  // Small, so that a new backend has little to get to know.
  shared_buffers: "64MB",
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
  const measures = new Measures();
  const wants = (part: Part) => options.parts.length === 0 || options.parts.includes(part);
  if (wants("decisions")) await measureDecisions(measures, { ...options, say });
  if (options.parts.some((part) => part !== "decisions") || options.parts.length === 0) {
    await withTargets(options, say, async (targets, folder) => {
      if (wants("memory")) {
        const count = options.isQuick ? 200 : 500;
        await measureIdleSessions(targets, measures, { count, say });
        await measureStreamMemory(targets, measures, { ...options, say });
      }
      if (wants("streaming")) await measureStreaming(targets, measures, { ...options, say });
      if (wants("pgbench")) {
        await measureThroughput(targets, measures, { ...options, folder, say });
      }
      for (const { name, processId } of targets) {
        measures.add(name, "memory at the end", "MB", residentMegabytes(processId));
      }
    });
  }
  say("done");
  const table = tableOf(measures.list());
  console.log(`\n${surroundings(options)}\n\n${renderText(table)}`);
  if (options.isMarkdown) console.log(`\n${renderMarkdown(table)}`);
}

/** Starts everybody, with the server at the front; stops them, too. */
async function withTargets(
  options: BenchOptions,
  say: (text: string) => void,
  measure: (targets: readonly Target[], folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "straddle-bench-"));
  chmodSync(folder, 0o711); // PgBouncer runs as somebody else, and reads its settings there.
  const stops: (() => Promise<void>)[] = [];
  try {
    say("starting PostgreSQL");
    const server = await startEmbeddedPostgres({
      dataFolder: "temporary",
      settings: SERVER_SETTINGS,
    });
    stops.push(() => server.stop());
    const direct = await directTarget(server);
    await prepareStreaming(direct);
    const pgBouncer = await startPgBouncer(server, folder, SESSIONS_MAX);
    if (pgBouncer === undefined) say("PgBouncer is not installed: it is left out");
    else stops.push(() => pgBouncer.stop());
    const { nodeOptions, workers } = options;
    const straddle = await startStraddle(server, folder, {
      sessionsMax: SESSIONS_MAX,
      nodeOptions,
      workers,
    });
    stops.push(() => straddle.stop());
    await measure([direct, ...(pgBouncer === undefined ? [] : [pgBouncer]), straddle], folder);
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true });
  }
}

async function directTarget(server: EmbeddedServer): Promise<Target> {
  const admin = await RawClient.connect(server, { user: USER, database: USER });
  await admin.query(`CREATE DATABASE ${DATABASE}`);
  admin.close();
  const client = await connect(server, "");
  await client.query(WINDOW_TABLE);
  client.close();
  const nothing = async () => {};
  return {
    ...{ name: "direct", host: server.host, port: server.port },
    ...{ processId: undefined, startMs: undefined },
    ...{ beforeRun: nothing, tidyMemory: nothing, stop: nothing },
  };
}

/** What the numbers hang on. */
function surroundings({ rounds, seconds }: BenchOptions): string {
  const pgbench = findProgram("pgbench");
  const versions = [
    `Node ${process.version}`,
    "PostgreSQL 18",
    pgBouncerVersion(),
    pgbench && execFileSync(pgbench, ["--version"], { encoding: "utf8" }).trim(),
  ];
  const processor = `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores`;
  const way = `medians of ${rounds} round(s), pgbench runs of ${seconds} s`;
  return `${processor}; ${versions.filter((each) => each !== undefined).join(", ")}; ${way}.
Straddle: windows open, audit to a file, metrics on. PgBouncer: session mode. All on one machine.`;
}

// What was started is ended on exit, and a signal alone would not run that.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
