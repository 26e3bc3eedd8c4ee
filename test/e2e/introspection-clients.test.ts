import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDirect, type Twins } from "../support/twins.ts";
import { CLIENT_CASES } from "./introspection-clients.ts";
import {
  answer,
  createIntrospectionTwins,
  FLIP,
  FLIP_BACK,
  named,
  SIDES,
  type Side,
  VERSIONS,
} from "./introspection-stage.ts";

/** What tools that can't be run here read of the schema is what they read of a database with the version's names. */

const MORE = `
  CREATE TABLE events (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at serial, kind varchar(9));
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE POLICY own ON orders FOR SELECT USING (user_id > 0);
  ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
  CREATE MATERIALIZED VIEW gathered AS SELECT user_id, count(*) FROM orders GROUP BY 1;
  CREATE PUBLICATION shown FOR TABLE orders (id, user_id), person;
  CREATE FUNCTION orders_of(person) RETURNS SETOF orders LANGUAGE sql AS 'SELECT * FROM orders WHERE id = $1.id';
  COMMENT ON TABLE person IS 'whoever';
`;

/** A version whose names the database does not have. */
const AWAY: Readonly<Record<Side, string>> = { old: FLIP, new: FLIP_BACK };

let twins: Twins;
const clients: pg.Client[] = [];

async function connect(options: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(options);
  await client.connect();
  clients.push(client);
  return client;
}

beforeAll(async () => {
  twins = await createIntrospectionTwins(MORE);
});

afterAll(async () => {
  for (const client of clients) await client.end();
  await twins.end();
});

for (const side of SIDES) {
  let direct: pg.Client;
  let through: pg.Client;

  test(`a session with ${side} names on a database with the others`, async () => {
    await runDirect(twins.shared, AWAY[side]);
    await twins.straddle.state.refreshCatalog();
    direct = await connect(twins[side].connection);
    through = await connect({
      ...twins.shared.connection,
      port: twins.straddle.port,
      application_name: VERSIONS[side],
    });
  });

  test(`${side} names: pg_dump's transaction, behind a search_path that it has set`, async () => {
    await through.query("SELECT pg_catalog.set_config('search_path', '', false)");
    await through.query("BEGIN");
    await through.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    const { rows } = await through.query("SHOW transaction_isolation");
    expect(rows).toEqual([{ transaction_isolation: "repeatable read" }]);
    await through.query("SET LOCAL search_path = public");
    const names = await through.query(named("SELECT «full_name» FROM «person»", side));
    expect(names.rows).toHaveLength(1);
    await through.query("ROLLBACK; RESET search_path");
  });

  for (const each of CLIENT_CASES) {
    test(`${side} names: ${each.title}`, async () => {
      const own = {
        ...each,
        sql: named(each.sql, side),
        ...(each.params && { params: each.params.map((text) => named(text, side)) }),
      };
      const expected = await answer(direct, own);
      expect(expected).toMatchObject([{ command: "SELECT" }]);
      expect(expected).not.toMatchObject([{ rows: [] }]);
      expect(await answer(through, own)).toEqual(expected);
    });
  }
}
