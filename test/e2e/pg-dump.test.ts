import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EmbeddedServer } from "../../src/cli/embedded/embedded-postgres.ts";
import type { Straddle } from "../../src/cli/run.ts";
import { hasPostgres15, POSTGRES_15, startProgram } from "../support/program.ts";
import { startServer, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect } from "../support/twins.ts";

/** pg_dump as a version writes what it writes of a database with that version's names. */

const SCHEMA = `
  CREATE TABLE person (id int CONSTRAINT person_key PRIMARY KEY, full_name text NOT NULL);
  CREATE TABLE orders (
    id int GENERATED ALWAYS AS IDENTITY CONSTRAINT orders_key PRIMARY KEY,
    gone int,
    user_id int NOT NULL DEFAULT 7 CONSTRAINT positive CHECK (user_id > 0),
    total numeric,
    twice int GENERATED ALWAYS AS (user_id * 2) STORED,
    CONSTRAINT whose FOREIGN KEY (user_id) REFERENCES person (id),
    CONSTRAINT once UNIQUE (user_id, total)
  );
  ALTER TABLE orders DROP COLUMN gone;
  CREATE INDEX by_user ON orders (user_id, (user_id + 1)) WHERE user_id > 5;
  CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER watch BEFORE UPDATE OF user_id ON orders FOR EACH ROW EXECUTE FUNCTION noop();
  CREATE POLICY own ON orders FOR SELECT USING (user_id > 0);
  ALTER TABLE orders ENABLE ROW LEVEL SECURITY, ALTER COLUMN user_id SET STATISTICS 500;
  CREATE PUBLICATION shown FOR TABLE orders (id, user_id);
  COMMENT ON COLUMN orders.user_id IS 'who';
  COMMENT ON TABLE person IS 'whoever';
  GRANT SELECT (user_id) ON orders TO PUBLIC;
  INSERT INTO person VALUES (7, 'Ann'), (8, 'Bob');
  INSERT INTO orders (user_id, total) VALUES (7, 1.5), (8, NULL);
`;

const FLIP = `
  ALTER TABLE orders RENAME user_id TO customer_id;
  ALTER TABLE person RENAME full_name TO name;
  ALTER TABLE person RENAME TO people;
`;

const WINDOWS = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
  - { table: public.person, rename_table: people, rename: { full_name: name }, old: "<2.0.0", new: ">=2.0.0" }
version:
  from: [{ startup: application_name, pattern: "^(?<app>[^@/ ]+)[@/](?<version>\\\\S+)$" }]
`;

/** A view's definition is a text of the server's, with the names that the database has. */
const VIEW = "CREATE VIEW recent AS SELECT user_id FROM orders";

describe.skipIf(!hasPostgres15)("pg_dump", () => {
  let server: EmbeddedServer;
  let straddle: Straddle;
  const named = (database: string): TestDatabase => {
    const { host, port } = server;
    const connection = { host, port, user: "postgres", database };
    return { name: database, url: "", connection, drop: async () => undefined };
  };

  beforeAll(async () => {
    server = await startServer({ binaries: POSTGRES_15, settings: { wal_level: "logical" } });
    await runDirect(named("postgres"), "CREATE DATABASE before");
    await runDirect(named("postgres"), "CREATE DATABASE after");
    await runDirect(named("before"), SCHEMA);
    await runDirect(named("after"), `${SCHEMA}; ${FLIP}`);
    straddle = await startTestStraddle(named("after"), WINDOWS);
  });

  afterAll(async () => {
    await straddle?.stop();
    await server?.stop();
  });

  async function dump(
    database: string,
    port: number,
    { name, options = [] }: { readonly name: string; readonly options?: readonly string[] },
  ): Promise<string[]> {
    const place = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-d", database];
    const program = startProgram("pg_dump", [...place, ...options], { PGAPPNAME: name });
    // A key of each run's own.
    return (await program.ended).replaceAll(/^(\\(?:un)?restrict) .*$/gm, "$1").split("\n");
  }

  test.for([
    ["1.0.0", "before"],
    ["2.0.0", "after"],
  ] as const)("as %s: what a direct one writes of the database %s the rename", async (of) => {
    const [version, database] = of;
    for (const options of [[], ["--column-inserts", "--clean"]]) {
      const direct = await dump(database, server.port, { name: "direct", options });
      expect(direct.join("\n")).toContain(version === "1.0.0" ? "user_id" : "customer_id");
      const name = `shop@${version}`;
      expect(await dump("after", straddle.port, { name, options })).toEqual(direct);
    }
  });

  test("views have the database's names, as the README says", async () => {
    await runDirect(named("before"), VIEW);
    await runDirect(named("after"), VIEW.replace("user_id", "customer_id"));
    const direct = await dump("before", server.port, { name: "direct" });
    const through = await dump("after", straddle.port, { name: "shop@1.0.0" });
    expect(through.filter((line) => !direct.includes(line))).toEqual([
      " SELECT orders.customer_id",
    ]);
  });
});
