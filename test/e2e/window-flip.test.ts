import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createStore, runInstance } from "../support/fleet.ts";
import type { TestDatabase } from "../support/server.ts";
import type { StraddleProcess } from "../support/straddle-process.ts";
import { SHOP_PLAN, windowRunner } from "../support/window-command.ts";
import { SCHEMA, underLoad, type Version } from "./flip-load.ts";

/** A window's whole life by `straddle window`, while both versions work through two instances. */

let database: TestDatabase;
let instances: StraddleProcess[];

beforeAll(async () => {
  database = await createStore(SCHEMA);
  instances = await Promise.all([
    runInstance(database),
    runInstance(database, { yaml: "workers: 2" }),
  ]);
});

afterAll(async () => {
  await Promise.all(instances.map((instance) => instance.stop()));
  await database.drop();
});

function connectionTo(index: number, version?: Version): pg.ClientConfig {
  const tag = version === undefined ? {} : { application_name: `shop@${version}` };
  return { ...database.connection, host: "127.0.0.1", port: instances[index]?.port ?? 0, ...tag };
}

const PERSON_PLAN = [
  ...["plan", "--table", "person", "--rename-table", "people"],
  ...["--old", "<2.0.0", "--new", ">=2.0.0"],
];

test("planned, opened, flipped there and back, and closed: no query fails", async () => {
  // Not what a hold should last: room for a machine that does much else.
  const run = windowRunner(database, { limits: { hold_timeout: "10s" } });
  await run(...SHOP_PLAN);
  await run(...PERSON_PLAN);
  for (const id of ["1", "2"]) {
    expect(await run("open", id)).toMatchObject({
      status: 0,
      out: expect.stringContaining("in force on all 2 instances"),
    });
  }
  let last = 0;
  const outcomes: string[] = [];
  const load = await underLoad(
    (version) => connectionTo(last++ % 2, version),
    async () => {
      for (const move of ["flip 1", "unflip 1", "flip 1", "flip 2"]) {
        const { status, out, err } = await run(...move.split(" "));
        outcomes.push(status === 0 ? move : out + err);
      }
      const early = await run("close", "1", "--quiet-for", "1ms");
      expect(early.err).toMatch(/still serves shop@1\.4\.0/);
    },
  );
  expect(outcomes).toEqual(["flip 1", "unflip 1", "flip 1", "flip 2"]);
  expect(load.queriesCount).toBeGreaterThan(50);
  const { failures, lost, wrong } = load;
  expect({ failures, lost, wrong }).toEqual({ failures: [], lost: [], wrong: [] });
  for (const { page } of instances) {
    // It was for the holds, not for what is tried again.
    expect((await page("/metrics")).body).not.toMatch(
      /straddle_recoveries_total\{.*how="resent".*\} [1-9]/,
    );
  }
  const closed = await run("close", "1", "--quiet-for", "1ms", "--timeout", "1min");
  expect(closed.err + closed.out).toMatch(/window 1 \(public\.orders\) is closed/);
}, 120_000);
