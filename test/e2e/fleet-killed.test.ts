import { spawn } from "node:child_process";
import { once } from "node:events";
import type pg from "pg";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  inject,
  onTestFailed,
  test,
} from "vitest";
import { createStore, ORDERS_WINDOW, PERSON_WINDOW, runInstance } from "../support/fleet.ts";
import type { TestDatabase } from "../support/server.ts";
import type { StraddleProcess } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { windowRunner } from "../support/window-command.ts";
import { connect, SCHEMA, underLoad } from "./flip-load.ts";
import { clearWay, type FlipStep, STEPS, type StepStage } from "./flip-steps.ts";

/**
 * A coordinator is killed with -9 at each step of the protocol, of either kind, under the load of both versions. No
 * statement fails or is answered wrongly, none waits for longer than the hold, and the store says in the end what the
 * catalog says, so that the next flip works.
 */

const TIMEOUT_MS = 120_000;
const HOLD_TIMEOUT = "3s";
const SETTINGS = {
  control: "lease: 2s, poll_interval: 500ms",
  yaml: `limits: { hold_timeout: ${HOLD_TIMEOUT} }`,
};

let database: TestDatabase;
/** The one that stays. */
let lasting: StraddleProcess;
/** The one whose session renames. */
let mortal: StraddleProcess | undefined;
let stage: StepStage;
let guest: pg.Client | undefined;
let sessions: pg.Client[] = [];
let command: ReturnType<typeof windowRunner>;

beforeAll(async () => {
  database = await createStore(SCHEMA);
  await runDirect(database, ORDERS_WINDOW + PERSON_WINDOW);
  lasting = await runInstance(database, SETTINGS);
  command = windowRunner(database, {
    control: { lease: "2s", poll_interval: "500ms" },
    limits: { hold_timeout: HOLD_TIMEOUT },
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await lasting.stop();
  await database.drop();
}, TIMEOUT_MS);

beforeEach(async () => {
  const open = () => connect(database.connection);
  const [blocker, direct] = [await open(), await open()];
  sessions = [blocker, direct];
  stage = {
    blocker,
    direct,
    reached: (condition) =>
      until(condition, async () => (await one(`SELECT ${condition} AS value`)) === true, 30_000),
    async guestJoins() {
      guest = await open();
      await guest.query("SELECT straddle.join_fleet(0, '0', 'guest', 0, 600000)");
    },
    async guestLeaves() {
      await direct.query("DELETE FROM straddle.instances WHERE host = 'guest'");
      await guest?.end();
      guest = undefined;
    },
  };
}, TIMEOUT_MS);

afterEach(async () => {
  await mortal?.stop("SIGKILL");
  mortal = undefined;
  await clearWay(stage);
  for (const session of sessions) await session.end();
}, TIMEOUT_MS);

/** The only value of the only row. */
async function one(sql: string): Promise<unknown> {
  return (await stage.direct.query(sql)).rows[0]?.value;
}

const HAS_NEW_NAME = `EXISTS (SELECT FROM pg_attribute
  WHERE attrelid = 'orders'::regclass AND attname = 'customer_id') AS value`;
const WINDOW_STATE = "state AS value FROM straddle.windows WHERE table_name = 'orders'";
const LAST_EPOCH = "max(epoch) AS value FROM straddle.flips";

/** Lets it begin; what that gives kills it. */
type Begin = (isBack: boolean) => () => Promise<void>;

async function commandReady(): Promise<Begin> {
  return (isBack) => {
    const args = ["window", isBack ? "unflip" : "flip", "1", "--config", command.config];
    const child = spawn(process.execPath, [inject("main"), ...args], { stdio: "ignore" });
    const ended = once(child, "close");
    return async () => {
      child.kill("SIGKILL");
      // Not by itself, before.
      expect((await ended)[1]).toBe("SIGKILL");
    };
  };
}

async function sessionReady({ isRenamed }: FlipStep): Promise<Begin> {
  const instance = await runInstance(database, SETTINGS);
  mortal = instance;
  const client = await connect({ ...database.connection, port: instance.port });
  await client.query("SET lock_timeout = '5s'");
  return (isBack) => {
    const [from, to] = isBack ? ["customer_id", "user_id"] : ["user_id", "customer_id"];
    const renamed = client.query(`ALTER TABLE orders RENAME ${from} TO ${to}`).then(
      () => "done",
      (error: Error) => error.message,
    );
    return async () => {
      await instance.stop("SIGKILL");
      // Its transaction has ended where only the store's word is missing.
      expect(await renamed).toMatch(isRenamed ? /done/ : /terminated|ECONNRESET|closed/);
    };
  };
}

const KINDS = [
  { kind: "straddle window flip", getReady: commandReady },
  { kind: "a session's instance", getReady: sessionReady },
];

for (const { kind, getReady } of KINDS) {
  for (const step of STEPS) {
    test(
      `${kind} is killed when it ${step.title}`,
      async () => {
        onTestFailed(() => console.error(lasting.log()));
        await killedAt(step, await getReady(step));
      },
      TIMEOUT_MS,
    );
  }
}

test("the window that has seen all that can be closed", async () => {
  if ((await one(`SELECT ${HAS_NEW_NAME}`)) === false) await command("flip", "1");
  expect(await command("close", "1", "--quiet-for", "0s")).toMatchObject({ status: 0, err: "" });
});

async function killedAt(step: FlipStep, begin: Begin) {
  const before = await one(`SELECT ${LAST_EPOCH}`);
  const isBack = (await one(`SELECT ${HAS_NEW_NAME}`)) === true;
  const load = await underLoad(
    (version) => ({
      ...database.connection,
      port: lasting.port,
      application_name: `shop@${version}`,
    }),
    async (running) => {
      await step.prepare(stage);
      const kill = begin(isBack);
      await step.arrive(stage);
      await kill();
      if (step.isTableLocked) await clearWay(stage);
      // Of ten sessions each is over what it was at.
      const { queriesCount } = running;
      await until("held statements", () => running.queriesCount > queriesCount + 20, 30_000);
      await clearWay(stage);
      await stage.reached("NOT EXISTS (SELECT FROM straddle.flips WHERE state = 'holding')");
    },
  );
  const { failures, lost, wrong } = load;
  expect({ failures, lost, wrong }).toEqual({ failures: [], lost: [], wrong: [] });

  const isNew = (await one(`SELECT ${HAS_NEW_NAME}`)) === true;
  expect(await one(`SELECT ${WINDOW_STATE}`)).toBe(isNew ? "flipped" : "open");
  const last = await one(`SELECT ${LAST_EPOCH}`);
  const shown = await command("show", "1");
  expect(shown.out).toMatch(isNew ? /names now +the new ones/ : /names now +the old ones/);
  if (last !== before) {
    const state = isNew === isBack ? "aborted" : "flipped";
    expect(shown.out).toMatch(new RegExp(`epoch ${last} .* ${state}`));
  }
  const again = await command(isNew ? "unflip" : "flip", "1", "--timeout", "30s");
  expect(again).toMatchObject({ status: 0, err: "" });
  expect(await one(`SELECT ${HAS_NEW_NAME}`)).toBe(!isNew);
}
