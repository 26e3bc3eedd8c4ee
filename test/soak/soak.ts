/**
 * `npm run soak -- --minutes 60`: one Straddle under mixed load of two versions, with sessions that
 * come and go and a column that is renamed all the time. Says every minute how much memory it has;
 * exits with 1 if a query failed, money was lost, or memory kept growing.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import { startEmbeddedPostgres } from "../../src/cli/embedded/embedded-postgres.ts";
import { freePort } from "../../src/cli/embedded/free-port.ts";
import { FLIP, LANES, type Lane, type Place } from "./lanes.ts";

const SCHEMA = `
  CREATE TABLE soak_orders (id int PRIMARY KEY, user_id int NOT NULL, total int NOT NULL);
  INSERT INTO soak_orders SELECT i, i % 7, 100 FROM generate_series(1, 1000) i;
`;
/** Every order has 100 at the start. */
const TOTAL = 100_000;
const AUDIT_SIZE_MAX = 64 * 1024 * 1024;
/** Of the last quarter's median over the second one's. */
const GROWTH_MAX = 1.15;

const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes: "${values.minutes}" is no number above 0`);

const folder = mkdtempSync(join(tmpdir(), "straddle-soak-"));
const server = await startEmbeddedPostgres({
  dataFolder: "temporary",
  settings: { fsync: "off", max_connections: "200" },
});
const direct = { host: server.host, port: server.port, user: "postgres", database: "postgres" };
const admin = new pg.Client(direct);
await admin.connect();
await admin.query(SCHEMA);

const port = await freePort();
const metricsPort = await freePort();
const audit = join(folder, "audit.jsonl");
writeFileSync(
  join(folder, "straddle.yaml"),
  JSON.stringify({
    listen: { port },
    server: { host: server.host, port: server.port },
    control: { user: "postgres", database: "postgres" },
    windows: [
      {
        table: "public.soak_orders",
        rename: { user_id: "customer_id" },
        old: "<2.0.0",
        new: ">=2.0.0",
      },
    ],
    audit: { to: "file", path: audit },
    metrics: { port: metricsPort },
  }),
);
const straddle = spawn(
  process.execPath,
  ["dist/cli/main.js", "run", "--config", join(folder, "straddle.yaml")],
  { stdio: ["ignore", "ignore", "inherit"] },
);
process.once("exit", () => straddle.kill("SIGKILL"));
await untilReady();

let queryCount = 0;
const failures: string[] = [];
const endAt = performance.now() + minutes * 60_000;
const clients = LANES.map((lane) => run(lane, `shop@${lane.version}`));
const flips = run({ ...FLIP, version: "1.0.0" }, "");
const memory: number[] = [];
for (let minute = 1; performance.now() < endAt; minute++) {
  await sleep(Math.min(60_000, Math.max(0, endAt - performance.now())));
  if (statSync(audit).size > AUDIT_SIZE_MAX) truncateSync(audit);
  const megabytes = residentMegabytes();
  memory.push(megabytes);
  const sessions = await metric("straddle_sessions{");
  console.log(
    `${String(minute).padStart(4)} min  ${megabytes.toFixed(0).padStart(4)} MB  ${queryCount} queries  ${sessions} sessions  ${failures.length} failed`,
  );
}
await Promise.all([...clients, flips]);
const { rows } = await admin.query<{ sum: string }>("SELECT sum(total) FROM soak_orders");
if (Number(rows[0]?.sum) !== TOTAL) failures.push(`the total is ${rows[0]?.sum}, not ${TOTAL}`);
const growth = median(quarter(3)) / median(quarter(1));
console.log(
  `memory: second quarter ${median(quarter(1)).toFixed(0)} MB, last ${median(quarter(3)).toFixed(0)} MB (${growth.toFixed(2)}x); ${queryCount} queries, ${failures.length} failed`,
);
for (const failure of failures.slice(0, 20)) console.log(failure);
straddle.kill("SIGTERM");
await new Promise((resolve) => straddle.once("exit", resolve));
await admin.end();
await server.stop();
rmSync(folder, { recursive: true });
process.exit(failures.length > 0 || growth > GROWTH_MAX ? 1 : 0);

async function run(lane: Lane, applicationName: string): Promise<void> {
  let kept: pg.Client | undefined;
  const connect = async () => {
    const client = new pg.Client({ ...direct, port, application_name: applicationName });
    client.on("error", (error) => failures.push(`${lane.name} ${lane.version}: ${error.message}`));
    await client.connect();
    return client;
  };
  const place: Place = {
    connect,
    client: async () => {
      kept ??= await connect();
      return kept;
    },
    column: lane.version === "1.0.0" ? "user_id" : "customer_id",
    random: (below) => Math.floor(Math.random() * below),
    counted: (count) => {
      queryCount += count;
    },
  };
  while (performance.now() < endAt) {
    try {
      await lane.turn(place);
    } catch (error) {
      failures.push(`${lane.name} ${lane.version}: ${error instanceof Error ? error.message : ""}`);
      await kept?.end().catch(() => undefined);
      kept = undefined;
      await sleep(100);
    }
  }
  await kept?.end();
}

async function untilReady(): Promise<void> {
  for (let left = 200; left > 0; left--) {
    const isReady = await fetch(`http://127.0.0.1:${metricsPort}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await sleep(50);
  }
  throw new Error("straddle does not get ready");
}

/** The sum of a metric's values. */
async function metric(prefix: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(prefix));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

function residentMegabytes(): number {
  const status = readFileSync(`/proc/${straddle.pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024) / 1e6;
}

function quarter(index: number): readonly number[] {
  const size = memory.length / 4;
  return memory.slice(Math.floor(index * size), Math.max(Math.ceil((index + 1) * size), 1));
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
