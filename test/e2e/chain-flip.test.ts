import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createStore, rowsOf, runInstance } from "../support/fleet.ts";
import type { TestDatabase } from "../support/server.ts";
import type { StraddleProcess } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { windowRunner } from "../support/window-command.ts";
import { check, connect, type Load, newLoad, type Turn, type Version, work } from "./flip-load.ts";

/**
 * A window in which `net` becomes `gross` while `gross` becomes `total`, flipped under the load of both versions. A
 * write to the wrong one would show: each row's two values are known.
 */
const SCHEMA = `
  CREATE TABLE prices (id int PRIMARY KEY, net int NOT NULL, gross int NOT NULL);
  INSERT INTO prices SELECT n, n, n + 1000 FROM generate_series(1, 50) AS n;
`;
const PLAN = [
  ...["plan", "--table", "prices", "--rename", "net=gross", "--rename", "gross=total"],
  ...["--old", "<2.0.0", "--new", ">=2.0.0"],
];
const FLIP = "ALTER TABLE prices RENAME gross TO total; ALTER TABLE prices RENAME net TO gross";
const FLIP_BACK =
  "ALTER TABLE prices RENAME gross TO net; ALTER TABLE prices RENAME total TO gross";

const NAMES: Readonly<Record<Version, readonly [string, string]>> = {
  "1.4.0": ["net", "gross"],
  "2.0.0": ["gross", "total"],
};

let database: TestDatabase;
let instances: StraddleProcess[];
let run: ReturnType<typeof windowRunner>;

beforeAll(async () => {
  database = await createStore(SCHEMA);
  instances = await Promise.all([
    runInstance(database),
    runInstance(database, { yaml: "workers: 2" }),
  ]);
  run = windowRunner(database, { limits: { hold_timeout: "10s" } });
  await run(...PLAN);
  expect(await run("open", "1")).toMatchObject({ status: 0 });
});

afterAll(async () => {
  await Promise.all(instances.map((instance) => instance.stop()));
  await database.drop();
});

function connectionTo(index: number, version: Version): pg.ClientConfig {
  return {
    ...database.connection,
    host: "127.0.0.1",
    port: instances[index % 2]?.port ?? 0,
    application_name: `shop@${version}`,
  };
}

async function worker(load: Load, index: number, version: Version): Promise<void> {
  const client = await connect(connectionTo(index, version));
  const [first, second] = NAMES[version];
  const isRight = (row: unknown, id: number) => {
    check(load, version, row, first, id);
    check(load, version, row, second, id + 1000);
  };
  const turns: readonly Turn[] = [
    async (id) => {
      const { rows } = await client.query(
        `UPDATE prices SET ${first} = ${id}, ${second} = ${id} + 1000 WHERE id = ${id} RETURNING *`,
      );
      isRight(rows[0], id);
    },
    async (id) => {
      const write = `UPDATE prices SET ${first} = $1 WHERE id = $1 AND ${second} > 1000 RETURNING ${first}, ${second}`;
      isRight((await client.query({ name: "write", text: write, values: [id] })).rows[0], id);
      const read = `SELECT * FROM prices WHERE ${second} = $1 + 1000`;
      isRight((await client.query({ name: "read", text: read, values: [id] })).rows[0], id);
    },
    async (id) => {
      await client.query("BEGIN");
      await client.query(
        `INSERT INTO prices (id, ${first}, ${second}) VALUES (${id}, 0, 0) ON CONFLICT (id) DO UPDATE SET ${second} = prices.${first} + 1000`,
      );
      isRight((await client.query(`SELECT * FROM prices WHERE id = ${id}`)).rows[0], id);
      await client.query("COMMIT");
    },
  ];
  await work(
    load,
    version,
    async (id) => turns[index % 3]?.(id),
    () => client.query("ROLLBACK"),
  );
  await client.end();
}

/** Twelve sessions: each kind of turn, of each version, by each instance. */
async function underLoad(renames: () => Promise<void>): Promise<Load> {
  const load = newLoad();
  const workers = [0, 1, 2, 3, 4, 5].flatMap((index) => [
    worker(load, index, "1.4.0"),
    worker(load, index, "2.0.0"),
  ]);
  await renames();
  load.isOver = true;
  await Promise.all(workers);
  return load;
}

/** What the columns hold, whatever they are called. */
async function wrongRows(): Promise<number> {
  const [row] = await rowsOf(
    database,
    "SELECT count(*)::int AS count FROM prices AS p (id, a, b) WHERE a <> id OR b <> id + 1000",
  );
  return Number(row?.["count"]);
}

test("flipped and back by the command: no query fails, and none means the other column", async () => {
  const outcomes: string[] = [];
  const { failures, lost, wrong, queriesCount } = await underLoad(async () => {
    for (const move of ["flip", "unflip", "flip", "unflip"]) {
      const { status, out, err } = await run(move, "1");
      outcomes.push(status === 0 ? out : err);
    }
  });
  expect(outcomes[0]).toContain(
    "ALTER TABLE public.prices RENAME COLUMN gross TO total; ALTER TABLE public.prices RENAME COLUMN net TO gross",
  );
  expect(outcomes[1]).toContain(
    "ALTER TABLE public.prices RENAME COLUMN gross TO net; ALTER TABLE public.prices RENAME COLUMN total TO gross",
  );
  expect({ failures, lost, wrong }).toEqual({ failures: [], lost: [], wrong: [] });
  expect(queriesCount).toBeGreaterThan(20);
  expect(await wrongRows()).toBe(0);
}, 120_000);

test("all names at once, and past Straddle: what can't be sent again is told so, and none means the other column", async () => {
  const { failures, lost, wrong } = await underLoad(async () => {
    for (let count = 0; count < 8; count++) {
      await sleep(300); // Time to find out: names that have come and gone by then are nobody's.
      await runDirect(database, `SET lock_timeout = '5s'; ${count % 2 === 0 ? FLIP : FLIP_BACK}`);
    }
  });
  expect({ lost, wrong }).toEqual({ lost: [], wrong: [] });
  expect(failures.filter(({ sqlstate }) => sqlstate !== "40001")).toEqual([]);
  expect(await wrongRows()).toBe(0);
}, 120_000);
