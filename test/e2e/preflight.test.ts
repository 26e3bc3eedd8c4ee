import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WindowPreflight } from "../../src/cli/preflight/window-preflight.ts";
import { type Straddle, startStraddle } from "../../src/cli/run.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { runStraddle } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(
    database,
    `CREATE TABLE orders (id int, user_id int);
     CREATE VIEW v AS SELECT user_id FROM orders;
     CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(user_id) FROM orders'`,
  );
  folder = mkdtempSync(join(tmpdir(), "straddle-preflight-"));
});

afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

const WINDOW = '{ table: orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }';

function settings(windows: string, name = database.name): string {
  const { host, port } = database.connection;
  return `
listen: { port: 0 }
server: { host: ${host}, port: ${port} }
control: { user: postgres, database: ${name} }
audit: { to: off }
metrics: { port: 0 }
windows: [${windows}]
`;
}

function configOf(text: string): Config {
  const loaded = parseConfig(text, {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  return loaded.config;
}

async function page(straddle: Straddle, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${straddle.metricsPort}${path}`);
  return response.text();
}

async function seen(straddle: Straddle) {
  const metrics = await page(straddle, "/metrics");
  const { checks } = JSON.parse(await page(straddle, "/readyz"));
  return {
    counts: metrics.split("\n").filter((line) => line.startsWith("straddle_window_blind_spots{")),
    check: checks.blind_spots,
  };
}

test("a window that is opened while Straddle runs is looked at, and told of", async () => {
  const file = join(folder, "straddle.yaml");
  writeFileSync(file, settings(""));
  const straddle = await startStraddle(configOf(settings("")), { configFile: file });
  try {
    const before = await seen(straddle);
    writeFileSync(file, settings(WINDOW));
    let after = before;
    await until("the new window's blind spots", () => {
      void seen(straddle).then((now) => {
        after = now;
      });
      return after.counts.length > 0;
    });
    writeFileSync(file, settings(""));
    await until("no window", () => straddle.state.windows.length === 0);
    const closed = await seen(straddle);
    expect({ before, after, closed }).toEqual({
      before: { counts: [], check: { state: "ok" } },
      after: {
        counts: [
          'straddle_window_blind_spots{window="public.orders",kind="breaks"} 1',
          'straddle_window_blind_spots{window="public.orders",kind="unclear"} 0',
          'straddle_window_blind_spots{window="public.orders",kind="follows"} 1',
        ],
        check: {
          state: "warning",
          detail:
            "public.orders: 1 object(s) in the database break at the rename, 0 may (straddle check names them)",
        },
      },
      closed: { counts: [], check: { state: "ok" } },
    });
  } finally {
    await straddle.stop();
  }
});

test("the log names each of them; one that can't be looked up is told too, and hurts nobody", async () => {
  const lines: string[] = [];
  const keep = (level: string) => (text: string) => lines.push(`${level} ${text}`);
  const log = { info: keep("info"), warn: keep("warn") };
  let config = configOf(settings(WINDOW));
  const preflight = new WindowPreflight({ config: () => config, log });
  preflight.look();
  await until("the first look", () => lines.length === 2);
  await preflight.stop();

  config = configOf(settings(WINDOW, "no_such_database"));
  const failing = new WindowPreflight({ config: () => config, log });
  failing.look();
  await until("the failing look", () => lines.length === 3);
  expect(failing.problem).toMatch(/could not be looked up: .*no_such_database/);
  await failing.stop();
  expect(lines.slice(0, 2)).toEqual([
    "warn window on public.orders: function f() says user_id (line 1), and breaks at the rename: replace it in the same transaction",
    "info window on public.orders: 1 object(s) in the database to look after, 1 follow by themselves",
  ]);
  expect(lines[2]).toMatch(/^warn what the windows' renames leave behind .*; it is tried again$/);
});

test("with several workers it is looked up and told once", async () => {
  const straddle = await runStraddle(database, `workers: 2\nwindows: [${WINDOW}]`);
  try {
    await until("the look", () => straddle.log().includes("to look after"));
    const metrics = (await straddle.page("/metrics")).body;
    const health = (await straddle.page("/readyz")).body;
    expect({
      told: straddle.log().match(/function f\(\) says user_id/g)?.length,
      count: /straddle_window_blind_spots\{window="public.orders",kind="breaks"\} (\d+)/.exec(
        metrics,
      )?.[1],
      check: JSON.parse(health).checks.blind_spots.state,
    }).toEqual({ told: 1, count: "1", check: "warning" });
  } finally {
    await straddle.stop();
  }
});
