import { afterAll, beforeAll, expect, test } from "vitest";
import { bind, describePortal, execute, frame, int16, sync } from "../support/client-frames.ts";
import { conversation, createTwins, runDirect, type Twins, wireClient } from "../support/twins.ts";
import type { WireClient } from "../support/wire-client.ts";

/** Statements of a renamed table whose bytes are not UTF-8. */

const SCHEMA = `
  CREATE TABLE orders (id int, user_id int NOT NULL, "größe" text);
  INSERT INTO orders VALUES (1, 20, 'ä'), (2, 30, 'b');
`;
const FLIP = "ALTER TABLE orders RENAME user_id TO customer_id";
const SETTINGS = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;

const STATEMENTS: readonly string[] = [
  "SELECT * FROM orders ORDER BY id",
  `SELECT user_id, "größe" AS "ä" FROM orders WHERE "größe" = 'ä'`,
  `UPDATE orders SET "größe" = 'ß' || "größe" WHERE user_id = 20 RETURNING *`,
  `SELECT 'äöü', nope, user_id FROM orders`,
  `UPDATE orders SET user_id = NULL WHERE "größe" LIKE '%ä'`,
  `INSERT INTO orders ("größe", "größer") VALUES ('ä', 1)`,
];

let twins: Twins;

beforeAll(async () => {
  twins = await createTwins({ schema: SCHEMA, flip: FLIP, settings: SETTINGS });
  await runDirect(twins.shared, FLIP);
  await twins.straddle.state.refreshCatalog();
});

afterAll(() => twins.end());

const textOf = (sql: string) => Buffer.from(`${sql}\0`, "latin1");

async function say(client: WireClient): Promise<void> {
  for (const sql of STATEMENTS) {
    await client.send(frame("Q", textOf(sql)));
    await client.until("ReadyForQuery");
    const parse = frame("P", "", textOf(sql), int16(0));
    await client.send(parse, bind("", ""), describePortal(""), execute(""), sync());
    await client.until("ReadyForQuery");
  }
}

test("latin1: statements, names and errors with their position", async () => {
  const parameters = { application_name: "shop@1.4.0", client_encoding: "latin1" };
  const direct = await wireClient(twins.old, undefined, parameters);
  const through = await wireClient(twins.shared, twins.straddle.port, parameters);
  const expected = await conversation(direct, say);
  const found = await conversation(through, say);
  direct.abandon();
  through.abandon();
  expect(expected.filter((line) => line.startsWith("< ErrorResponse"))).toHaveLength(6);
  expect(found).toEqual(expected);
});

test("SJIS: what the server could read otherwise is refused", async () => {
  const parameters = { application_name: "shop@1.4.0", client_encoding: "SJIS" };
  const client = await wireClient(twins.shared, twins.straddle.port, parameters);
  // The second byte of the character is a backslash.
  const sql = Buffer.from("SELECT '\x83\x5c', user_id FROM orders\0", "latin1");
  const told = await conversation(client, async () => {
    await client.send(frame("Q", sql));
    await client.until("ReadyForQuery");
  });
  client.abandon();
  expect(told.join("\n")).toContain("C0A000\\0");
});
