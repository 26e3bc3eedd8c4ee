/**
 * A pod of the demonstration: a process of its own that runs the application's queries at full speed
 * until it is told to stop. It tells its parent what happened, several times a second.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { Statistics } from "./statistics.ts";
import { jobsOf, type Run } from "./workload.ts";

/** Comes as the only argument, as JSON. */
export interface PodOptions {
  readonly version: string;
  readonly connection: pg.ClientConfig;
  readonly connectionsCount: number;
}

const REPORT_MS = 100;
/** After a failure an application waits as well; without it, failures would be told by the thousand. */
const PAUSE_MS = 5;

const [argument] = process.argv.slice(2);
if (argument === undefined) throw new Error("options are missing");
// Trust boundary: the parent's own words.
const options = JSON.parse(argument) as PodOptions;
const jobs = jobsOf(options.version);
let statistics = new Statistics();
let isStopping = false;

process.on("message", () => {
  isStopping = true;
});
process.on("disconnect", () => process.exit(0));

const clients = await Promise.all(
  Array.from({ length: options.connectionsCount }, () => connect()),
);
process.send?.({ kind: "ready" });
const timer = setInterval(report, REPORT_MS);
await Promise.all(clients.map((client) => work(client)));
clearInterval(timer);
report();
process.disconnect();

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({
    ...options.connection,
    application_name: `shop@${options.version}`,
  });
  client.on("error", () => undefined); // The query that runs fails with it, and is counted.
  await client.connect();
  return client;
}

async function work(first: pg.Client): Promise<void> {
  let client = first;
  let isBroken = false;
  const run: Run = async (query) => {
    const start = performance.now();
    statistics.queries += 1;
    const result = await client.query(query);
    const elapsedMs = performance.now() - start;
    statistics.latencies.add(elapsedMs * 1_000);
    statistics.longestMs = Math.max(statistics.longestMs, elapsedMs);
    return result;
  };
  for (let turn = 0; !isStopping; turn += 1) {
    const job = jobs[turn % jobs.length];
    try {
      await job?.(run);
    } catch (error) {
      statistics.failures += 1;
      const message = error instanceof Error ? error.message : String(error);
      statistics.errors.set(message, (statistics.errors.get(message) ?? 0) + 1);
      await sleep(PAUSE_MS);
      // Ends the transaction, if there was one, and finds out whether the connection is alive.
      isBroken = await client.query("ROLLBACK").then(
        () => false,
        () => true,
      );
    }
    if (isBroken) {
      await client.end().catch(() => undefined);
      const fresh = await connect().catch(() => undefined);
      // Else the next query fails on the old one, and is counted.
      if (fresh !== undefined) client = fresh;
      isBroken = false;
    }
  }
  await client.end();
}

function report(): void {
  process.send?.(statistics.toReport());
  statistics = new Statistics();
}
