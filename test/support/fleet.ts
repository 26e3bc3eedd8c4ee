import pg from "pg";
import { initStore } from "../../src/control/store.ts";
import { createDatabase, type TestDatabase } from "./server.ts";
import { runStraddle, type StartOptions, type StraddleProcess } from "./straddle-process.ts";
import { runDirect } from "./twins.ts";

/** A database with a store in it. */
export async function createStore(schemaSql: string): Promise<TestDatabase> {
  const database = await createDatabase();
  await runDirect(database, schemaSql);
  const client = new pg.Client(database.connection);
  await client.connect();
  await initStore(client, "straddle", { sidecars: [], operators: [] });
  await client.end();
  return database;
}

/** One instance of the fleet in front of a database, with further settings as YAML. */
export function runInstance(
  database: TestDatabase,
  { control = "", yaml = "" }: { readonly control?: string; readonly yaml?: string } = {},
  options: StartOptions = {},
): Promise<StraddleProcess> {
  const more = control === "" ? "" : `, ${control}`;
  return runStraddle(
    database,
    `control: { mode: database, user: postgres, database: ${database.name}${more} }\n${yaml}`,
    options,
  );
}

/** A window as `windows` of the store has it, open. */
export const ORDERS_WINDOW = `
  INSERT INTO straddle.windows (schema_name, table_name, renames, old_range, new_range)
    VALUES ('public', 'orders', '{"user_id": "customer_id"}', '<2.0.0', '>=2.0.0');
  UPDATE straddle.windows SET state = 'open' WHERE table_name = 'orders';
`;
export const PERSON_WINDOW = `
  INSERT INTO straddle.windows (schema_name, table_name, rename_table, old_range, new_range)
    VALUES ('public', 'person', 'people', '<2.0.0', '>=2.0.0');
  UPDATE straddle.windows SET state = 'open' WHERE table_name = 'person';
`;

/** Rows of a query, over a connection of its own past Straddle. */
export async function rowsOf(
  database: TestDatabase,
  sql: string,
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(database.connection);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
