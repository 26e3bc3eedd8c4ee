import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runDirect, type Twins } from "../support/twins.ts";
import { FUNCTION_CASES, type IntrospectionCase, RELATION_CASES } from "./introspection-cases.ts";
import { MAPPER_CASES } from "./introspection-mappers.ts";
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

/**
 * What each version sees of the schema, before and after its names change, is what a database with that
 * version's names shows. The databases have the same OIDs.
 */

let twins: Twins;
const clients: pg.Client[] = [];
let direct: Readonly<Record<Side, pg.Client>>;
let through: Readonly<Record<Side, pg.Client>>;

async function connect(options: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(options);
  await client.connect();
  clients.push(client);
  return client;
}

beforeAll(async () => {
  twins = await createIntrospectionTwins();
  const via = (side: Side) =>
    connect({
      ...twins.shared.connection,
      port: twins.straddle.port,
      application_name: VERSIONS[side],
    });
  direct = { old: await connect(twins.old.connection), new: await connect(twins.new.connection) };
  through = { old: await via("old"), new: await via("new") };
});

afterAll(async () => {
  for (const client of clients) await client.end();
  await twins.end();
});

/** information_schema has the database's name in all its views. */
function withoutDatabase(value: unknown): unknown {
  const names = [twins.old, twins.new, twins.shared].map(({ name }) => name);
  return JSON.parse(
    names.reduce((text, name) => text.replaceAll(`"${name}"`, '"db"'), JSON.stringify(value)),
  );
}

async function expectSame(side: Side, asked: IntrospectionCase): Promise<void> {
  const sql = named(asked.sql, side);
  const params = asked.params?.map((param) => named(param, side));
  const own = params === undefined ? { ...asked, sql } : { ...asked, sql, params };
  const expected = withoutDatabase(await answer(direct[side], own));
  expect(withoutDatabase(await answer(through[side], own))).toEqual(expected);
}

const STATES = [
  { state: "before the rename", prepare: "" },
  { state: "after the rename", prepare: FLIP },
  { state: "after it was taken back", prepare: FLIP_BACK },
] as const;

for (const { state, prepare } of STATES) {
  describe(state, () => {
    beforeAll(async () => {
      if (prepare !== "") await runDirect(twins.shared, prepare);
      await twins.straddle.state.refreshCatalog();
    });
    for (const side of SIDES) {
      test.for([...RELATION_CASES, ...FUNCTION_CASES, ...MAPPER_CASES])(
        `${side} names: $title`,
        (asked) => expectSame(side, asked),
      );
    }
  });
}

test("a table's columns are found by the index, and conditions reach the catalog", async () => {
  const sql =
    "EXPLAIN (COSTS OFF) SELECT attname FROM pg_attribute WHERE attrelid = 16384 AND attnum > 0";
  const { rows } = await through.old.query<{ "QUERY PLAN": string }>(sql);
  const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
  expect(plan).toMatch(/Index Scan using pg_attribute_relid_att\w+ on pg_attribute/);
  expect(plan).not.toContain("Subquery Scan");
});

test("schema changes of the same transaction don't refuse it", async () => {
  const client = through.old;
  await client.query("BEGIN");
  try {
    await client.query("SET LOCAL lock_timeout = '2s'");
    await client.query("ALTER TABLE orders ADD COLUMN more int");
    const columns =
      "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 ORDER BY attnum";
    const { rows } = await client.query<{ attname: string }>(columns);
    const names = rows.map(({ attname }) => attname);
    expect(names).toEqual(["id", "user_id", "total", "note", "twice", "more"]);
    const constraints = "SELECT count(pg_get_constraintdef(oid)) > 0 AS any FROM pg_constraint";
    expect((await client.query(constraints)).rows).toEqual([{ any: true }]);
  } finally {
    await client.query("ROLLBACK");
  }
});

test("a session without a version, and one outside of the ranges, see what is there", async () => {
  const at = { ...twins.shared.connection, port: twins.straddle.port };
  for (const application_name of ["", "psql", "shop@main"]) {
    const client = await connect({ ...at, application_name });
    const sql = "SELECT relname FROM pg_class WHERE relname IN ('person', 'people')";
    const physical = await connect(twins.shared.connection);
    expect((await client.query(sql)).rows).toEqual((await physical.query(sql)).rows);
  }
});
