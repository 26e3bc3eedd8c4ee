import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bind, describePortal, execute, parse, query, sync } from "../support/client-frames.ts";
import { conversation, createTwins, runDirect, type Twins, wireClient } from "../support/twins.ts";
import type { WireClient } from "../support/wire-client.ts";

/**
 * What a session gives for search_path at startup counts for the names in its statements, and for
 * nothing that Straddle asks in that session. In other proxies such a path hijacked their own queries.
 */

const SCHEMA = `
  CREATE SCHEMA archive;
  CREATE SCHEMA hostile;
  CREATE TABLE orders (id int, user_id int);
  INSERT INTO orders VALUES (1, 20);
  CREATE TABLE archive.orders (id int, user_id int, other text);
  INSERT INTO archive.orders VALUES (2, 30, 'o');
  CREATE FUNCTION hostile.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT 'archive' $$;
  CREATE FUNCTION hostile.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT '9.9.9' $$;
  CREATE FUNCTION hostile.current_schemas(boolean) RETURNS name[] LANGUAGE sql AS $$ SELECT '{archive}'::name[] $$;
  CREATE FUNCTION hostile.array_to_string(anyarray, text) RETURNS text LANGUAGE sql AS $$ SELECT 'archive' $$;
  CREATE FUNCTION hostile.always(oid, oid) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
  CREATE OPERATOR hostile.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = hostile.always);
  CREATE VIEW hostile.pg_class AS SELECT * FROM pg_catalog.pg_class WHERE false;
  CREATE VIEW hostile.pg_settings AS SELECT 'search_path' AS name, 'archive' AS setting;
`;
const FLIP = "ALTER TABLE orders RENAME user_id TO customer_id";
const SETTINGS = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;

const OPTIONS: readonly string[] = [
  "-c search_path=archive,public",
  "-csearch_path=archive,public",
  "--search_path=archive,public",
  "--search-path=public,archive",
  "-c search_path=archive,\\ public -c work_mem=1MB",
  '-c search_path="archive",public',
  "-c search_path=no_such_schema,public",
  "-c search_path=public -c search_path=archive",
  "-c search_path=hostile,pg_catalog,public",
  "-c search_path=hostile,archive,pg_catalog",
  "-c search_path=",
];

let twins: Twins;

beforeAll(async () => {
  twins = await createTwins({ schema: SCHEMA, flip: FLIP, settings: SETTINGS });
  await runDirect(twins.shared, FLIP);
  await twins.straddle.state.refreshCatalog();
});

afterAll(() => twins.end());

async function say(client: WireClient): Promise<void> {
  for (const sql of ["SELECT * FROM orders", "SELECT user_id FROM orders", "SHOW search_path"]) {
    await client.send(query(sql));
    await client.until("ReadyForQuery");
    await client.send(parse("", sql), bind("", ""), describePortal(""), execute(""), sync());
    await client.until("ReadyForQuery");
  }
}

describe("as options", () => {
  for (const options of OPTIONS) {
    test(options, () => expectSame({ options }));
  }
});

test("as a parameter", () => expectSame({ search_path: "archive, public" }));

async function expectSame(more: Readonly<Record<string, string>>): Promise<void> {
  const parameters = { application_name: "shop@1.4.0", ...more };
  const direct = await wireClient(twins.old, undefined, parameters);
  const through = await wireClient(twins.shared, twins.straddle.port, parameters);
  const expected = await conversation(direct, say);
  const found = await conversation(through, say);
  direct.abandon();
  through.abandon();
  expect(expected.join("\n")).toMatch(/DataRow|C42P01/);
  expect(found).toEqual(expected);
}
