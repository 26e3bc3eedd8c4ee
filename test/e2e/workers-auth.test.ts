import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entry } from "../support/auth-stage.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import {
  ownFolder,
  type StraddleProcess,
  startStraddleProcess,
  writeConfig,
} from "../support/straddle-process.ts";
import { until } from "../support/until.ts";

/** Log-ins that end at Straddle, in each of two workers. */

let database: TestDatabase;
let straddle: StraddleProcess;
const users = join(ownFolder(), "users.txt");

beforeAll(async () => {
  database = await createDatabase();
  writeFileSync(users, entry("postgres", "first"));
  const auth = `auth: { mode: scram, users_file: ${users} }`;
  straddle = await startStraddleProcess(writeConfig(database, `workers: 2\n${auth}`));
});

afterAll(async () => {
  await straddle?.stop();
  await database.drop();
});

/** Four log-ins at once, which go to both workers: `in`, or the SQLSTATE. */
async function logIns(password: string): Promise<readonly string[]> {
  const { port } = straddle;
  const clients = Array.from(
    { length: 4 },
    () => new pg.Client({ ...database.connection, host: "127.0.0.1", port, password }),
  );
  const logIn = async (client: pg.Client) => {
    client.on("error", () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query("SELECT 'in' AS answer");
      return String(rows[0].answer);
    } catch (error) {
      return error instanceof pg.DatabaseError ? String(error.code) : String(error);
    }
  };
  const answers = await Promise.all(clients.map(logIn));
  // Sessions of log-ins before may still be on their way out.
  if (answers.every((answer) => answer === "in")) {
    const { body } = await straddle.page("/metrics");
    for (const worker of [1, 2]) {
      expect(body).toMatch(new RegExp(`straddle_worker_sessions{worker="${worker}"} [1-9]`));
    }
  }
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  return answers;
}

const ALL_IN = ["in", "in", "in", "in"];
const NONE_IN = ["28P01", "28P01", "28P01", "28P01"];

test("every worker knows the users, and no other password", async () => {
  expect(await logIns("first")).toEqual(ALL_IN);
  expect(await logIns("second")).toEqual(NONE_IN);
});

test("a new password is good in every worker, and the old one in none", async () => {
  writeFileSync(users, entry("postgres", "second"));
  await until("the new password", async () => (await logIns("second")).every((a) => a === "in"));
  expect(await logIns("first")).toEqual(NONE_IN);
});
