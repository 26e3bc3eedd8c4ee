import pg from "pg";
import { expect, test } from "vitest";
import { NOT_VOLATILE } from "../../src/guard/reading/volatility.ts";
import { createDatabase } from "../support/server.ts";

test("functions that are taken for not volatile are none of the volatile ones that the server has", async () => {
  const database = await createDatabase();
  const client = new pg.Client(database.connection);
  await client.connect();
  const { rows } = await client.query<{ name: string; volatile: boolean }>(
    `SELECT proname AS name, bool_or(provolatile = 'v') AS volatile FROM pg_proc
     WHERE pronamespace = 'pg_catalog'::regnamespace GROUP BY proname`,
  );
  await client.end();
  await database.drop();
  const names = [...NOT_VOLATILE];
  const found = rows.filter(({ name }) => NOT_VOLATILE.has(name));
  expect(found.filter(({ volatile }) => volatile)).toEqual([]);
  expect(found.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});
