import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  FAILING_SQLSTATE,
  failingSql,
  fatalFields,
  refusalFields,
} from "../../src/session/refusal.ts";
import type { Refusal } from "../../src/session/text-plan.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";

const REFUSAL: Refusal = {
  rule: "window",
  sqlstate: "0A000",
  message: "not certain",
  detail: "A detail.",
  hint: "A hint.",
  offset: undefined,
};

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createDatabase();
  client = new pg.Client(database.connection);
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await database?.drop();
});

const MESSAGES = [
  "plain",
  "it's 'quoted'; DROP TABLE item",
  "back\\slash \\' $$ -- /*",
  "ä€ 😀\n\0",
  '"orders"',
];
for (const message of MESSAGES) {
  for (const isStandard of ["on", "off"]) {
    test(`fails on the server, standard_conforming_strings ${isStandard}: ${JSON.stringify(message)}`, async () => {
      await client.query(`SET standard_conforming_strings = ${isStandard}`);
      const sql = failingSql({ ...REFUSAL, message });
      const failed = {
        code: FAILING_SQLSTATE,
        message: expect.stringContaining("straddle refused"),
      };
      await expect(client.query(sql)).rejects.toMatchObject(failed);
      // Analysed, not run: Parse is where a refused statement of the extended protocol fails.
      await expect(client.query(`PREPARE p AS ${sql}`)).rejects.toMatchObject(failed);
    });
  }
}

test("a refusal has the fields of an error, and names its rule", () => {
  expect(Object.fromEntries(refusalFields(REFUSAL, ""))).toEqual({
    S: "ERROR",
    V: "ERROR",
    C: "0A000",
    M: "not certain",
    D: "A detail.",
    H: "A hint.",
    R: "straddle:window",
  });
});

const TEXT = "SELECT 'ä😀', user_id";
const positions: { offset: number; position: string }[] = [
  { offset: 0, position: "1" },
  { offset: TEXT.indexOf("user_id"), position: "14" }, // Characters, not UTF-16 units.
];
for (const { offset, position } of positions) {
  test(`offset ${offset} is position ${position}`, () => {
    expect(refusalFields({ ...REFUSAL, offset }, TEXT).get("P")).toBe(position);
  });
}

test("a FATAL of Straddle's own says whose it is", () => {
  const fields = fatalFields("57P01", "shutting down", "Connect again.");
  expect([fields.get("S"), fields.get("C"), fields.get("H"), fields.get("R")]).toEqual([
    "FATAL",
    "57P01",
    "Connect again.",
    "straddle",
  ]);
});
