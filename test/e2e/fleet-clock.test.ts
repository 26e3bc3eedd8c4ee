import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { afterEach, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { readSeenVersions } from "../../src/control/seen-versions.ts";
import { createStore, ORDERS_WINDOW, rowsOf, runInstance } from "../support/fleet.ts";
import type { TestDatabase } from "../support/server.ts";
import { ownFolder, type StraddleProcess } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { connect, SCHEMA } from "./flip-load.ts";

/** An instance whose machine has another time than the server's: it takes part all the same, and the store has the server's. */

const HOUR_MS = 3_600_000;
const TIMEOUT_MS = 120_000;
const YAML = "limits: { hold_timeout: 5s }\nledger: { flush_interval: 1s }";

/** What a process is to load first, for its clock to be so far from this machine's. */
function shiftedClock(shiftMs: number): string {
  const file = join(ownFolder(), `clock-${shiftMs}.mjs`);
  writeFileSync(
    file,
    `const Real = Date;
globalThis.Date = class extends Real {
  constructor(...args) {
    if (args.length === 0) super(Real.now() + ${shiftMs});
    else super(...args);
  }
  static now() {
    return Real.now() + ${shiftMs};
  }
};
`,
  );
  return `--import=${file}`;
}

/** All that the store keeps of times. */
const TIMES = `
  SELECT 'instances' AS what, unnest(ARRAY[started_at, last_seen]) AS at FROM straddle.instances
  UNION ALL SELECT 'flips', unnest(ARRAY[started_at, ended_at]) FROM straddle.flips
  UNION ALL SELECT 'acknowledgements', at FROM straddle.acknowledgements
  UNION ALL SELECT 'history', at FROM straddle.history
  UNION ALL SELECT 'ledger', unnest(ARRAY[first_seen, last_seen]) FROM straddle.ledger`;

const TOUCH = "UPDATE orders SET user_id = user_id WHERE id = 7 RETURNING user_id";

let database: TestDatabase;
let right: StraddleProcess;
let clients: pg.Client[];

beforeEach(async () => {
  database = await createStore(SCHEMA);
  await runDirect(database, ORDERS_WINDOW);
  clients = [];
  right = await runInstance(database, { yaml: YAML });
}, TIMEOUT_MS);

afterEach(async () => {
  for (const client of clients) await client.end().catch(() => undefined);
  await right.stop();
  await database.drop();
}, TIMEOUT_MS);

async function sessionOn({ port }: StraddleProcess): Promise<pg.Client> {
  const client = await connect({
    ...database.connection,
    port,
    application_name: "shop@1.4.0",
  });
  clients.push(client);
  await client.query("SET lock_timeout = '5s'");
  return client;
}

async function touch(client: pg.Client): Promise<void> {
  expect((await client.query(TOUCH)).rows).toEqual([{ user_id: 7 }]);
}

for (const hours of [-6, 6]) {
  describe(`by ${hours} hours`, () => {
    let wrong: StraddleProcess;

    beforeEach(async () => {
      const nodeOptions = shiftedClock(hours * HOUR_MS);
      wrong = await runInstance(database, { yaml: YAML }, { nodeOptions });
      onTestFailed(() => console.error(`${right.log()}\n${wrong.log()}`));
      const logged = Date.parse(wrong.log().slice(0, "2026-01-01T00:00:00.000Z".length));
      expect(Math.round((logged - Date.now()) / HOUR_MS)).toBe(hours);
    }, TIMEOUT_MS);

    afterEach(async () => {
      await wrong.stop();
    }, TIMEOUT_MS);

    test("it coordinates, holds and acknowledges, and all times are the server's", async () => {
      const [here, there] = [await sessionOn(wrong), await sessionOn(right)];
      await here.query("ALTER TABLE orders RENAME user_id TO customer_id");
      await touch(there);
      await there.query("ALTER TABLE orders RENAME customer_id TO user_id");
      await touch(here);
      // It holds until the rename is committed, and by no clock of its own.
      await there.query("BEGIN; ALTER TABLE orders RENAME user_id TO customer_id");
      const held = touch(here);
      await there.query("COMMIT");
      await held;
      const state = async () =>
        rowsOf(
          database,
          `SELECT f.state, count(a.instance_id)::int AS acknowledged FROM straddle.flips f
           LEFT JOIN straddle.acknowledgements a USING (epoch) GROUP BY f.epoch ORDER BY f.epoch`,
        );
      const flipped = { state: "flipped", acknowledged: 2 };
      await until("flips", async () => (await state()).every((row) => row["state"] === "flipped"));
      expect(await state()).toEqual([flipped, flipped, flipped]);
      expect(wrong.log()).not.toContain("by its deadline");
      await until("the ledger", async () => {
        const rows = await rowsOf(database, "SELECT FROM straddle.ledger WHERE version = '1.4.0'");
        return rows.length > 0;
      });
      const off = await rowsOf(
        database,
        `SELECT what, at FROM (${TIMES}) AS t
         WHERE at NOT BETWEEN clock_timestamp() - interval '10 min' AND clock_timestamp()`,
      );
      expect(off).toEqual([]);
    });

    test("a statement that it has seen just now is not old", async () => {
      const session = await sessionOn(wrong);
      await touch(session);
      await session.end();
      const looking = await connect(database.connection);
      clients.push(looking);
      await until("its line in the ledger", async () => {
        const seen = await readSeenVersions(looking, "straddle", HOUR_MS);
        return seen.some(({ tag, lastStatementAt, sessions }) => {
          const age = Date.now() - (lastStatementAt?.getTime() ?? 0);
          return tag.version === "1.4.0" && sessions === 0 && Math.abs(age) < HOUR_MS;
        });
      });
    });
  });
}
