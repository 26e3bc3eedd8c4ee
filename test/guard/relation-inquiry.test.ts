import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { readRelationAnswer, relationInquiry } from "../../src/guard/relation-inquiry.ts";
import type { RelationName } from "../../src/guard/relation-name.ts";
import { hasPostgres15, POSTGRES_15 } from "../support/program.ts";
import { startServer } from "../support/server.ts";

/** What the guard asks a server about relations, on the versions that differ. */

const SCHEMA = `
  CREATE TABLE users (id int PRIMARY KEY);
  CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id int NOT NULL REFERENCES users,
    note varchar(20) DEFAULT 'a\\b',
    twice bigint GENERATED ALWAYS AS (user_id * 2) STORED,
    dropped int
  );
  ALTER TABLE orders ADD CONSTRAINT positive CHECK (user_id > 0) NOT VALID;
  ALTER TABLE orders DROP COLUMN dropped;
  CREATE INDEX orders_note ON orders (note, lower(note)) INCLUDE (user_id);
  INSERT INTO users VALUES (1);
  INSERT INTO orders (user_id) SELECT 1 FROM generate_series(1, 5000);
  ANALYZE orders;
  CREATE TABLE parted (id int) PARTITION BY RANGE (id);
  CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (100000);
  INSERT INTO parted SELECT generate_series(0, 9999);
  CREATE VIEW shown AS SELECT 1 AS one;
  CREATE SCHEMA other;
  CREATE TABLE other."od'd \\ one" (id int);
  CREATE TABLE other.orders (x int);
  CREATE SCHEMA hostile;
  CREATE FUNCTION hostile.never(name, name) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
  CREATE FUNCTION hostile.never(oid, oid) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
  CREATE FUNCTION hostile.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
  CREATE FUNCTION hostile.pg_table_size(regclass) RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint $$;
  CREATE OPERATOR hostile.= (LEFTARG = name, RIGHTARG = name, FUNCTION = hostile.never);
  CREATE OPERATOR hostile.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = hostile.never);
  CREATE TABLE hostile.pg_class AS SELECT 1 AS oid;
`;

const versions = [
  { version: "the tests' own", isThere: true, binaries: undefined },
  { version: "15", isThere: hasPostgres15, binaries: POSTGRES_15 },
];

for (const { version, isThere, binaries } of versions) {
  describe.skipIf(!isThere)(`PostgreSQL, ${version}`, () => {
    let stop: () => Promise<unknown> = async () => undefined;
    let client: pg.Client;
    let other: pg.Client;

    beforeAll(async () => {
      let at = inject("server");
      if (binaries !== undefined) {
        const server = await startServer({ binaries });
        stop = () => server.stop();
        at = server;
      }
      const database = `inquiry_${process.pid}`;
      const admin = new pg.Client({ ...at, user: "postgres", database: "postgres" });
      await admin.connect();
      await admin.query(`CREATE DATABASE ${database}`);
      await admin.end();
      client = new pg.Client({ ...at, user: "postgres", database });
      other = new pg.Client({ ...at, user: "postgres", database });
      await client.connect();
      await other.connect();
      await client.query(SCHEMA);
    });

    afterAll(async () => {
      await client.end();
      await other.end();
      await stop();
    });

    async function ask(...names: readonly RelationName[]) {
      const { rows } = await client.query({ text: relationInquiry(names), rowMode: "array" });
      const texts = rows.map((row: unknown[]) => row.map((each) => each as string | null));
      const answer = readRelationAnswer(texts);
      if (answer === undefined) throw new Error("not an answer");
      return answer;
    }

    test("a table with all that there is of it", async () => {
      const [orders] = (await ask({ name: "orders" })).relations;
      if (orders === undefined || orders === "missing") throw new Error("not found");
      const constraints = (orders.constraints ?? []).filter(({ kind }) => kind !== "not null");
      expect({
        ...orders,
        constraints: constraints.map(({ name, kind, isValidated }) => [name, kind, isValidated]),
        indexes: orders.indexes?.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      }).toEqual({
        schema: "public",
        name: "orders",
        kind: "table",
        isTemporary: false,
        bytes: expect.any(Number),
        tuples: 5000,
        columns: [
          { name: "id", type: "bigint", isNotNull: true, isIdentity: true, isGenerated: false },
          {
            name: "user_id",
            type: "integer",
            isNotNull: true,
            isIdentity: false,
            isGenerated: false,
          },
          {
            name: "note",
            type: "character varying(20)",
            isNotNull: false,
            default: "'a\\b'::character varying",
            isIdentity: false,
            isGenerated: false,
          },
          {
            name: "twice",
            type: "bigint",
            isNotNull: false,
            default: "(user_id * 2)",
            isIdentity: false,
            isGenerated: true,
          },
        ],
        constraints: expect.arrayContaining([
          ["orders_pkey", "primary key", true],
          ["orders_user_id_fkey", "foreign key", true],
          ["positive", "check", false],
        ]),
        indexes: [
          { name: "orders_note", columns: ["note", undefined], isUnique: false, isValid: true },
          { name: "orders_pkey", columns: ["id"], isUnique: true, isValid: true },
        ],
        referencedBy: [],
        partitions: [],
      });
    });

    test("names, in the order that they were asked in", async () => {
      await client.query("CREATE TEMP TABLE shown (a int)");
      const { relations } = await ask(
        { name: "shown" },
        { schema: "public", name: "shown" },
        { schema: "pg_temp", name: "shown" },
        { name: "nobody" },
        { schema: "other", name: "orders" },
        { schema: "other", name: "od'd \\ one" },
        { name: "orders_pkey" },
        { name: "users" },
      );
      await client.query("DROP TABLE pg_temp.shown");
      const short = relations.map((each) =>
        each === undefined || each === "missing"
          ? each
          : [
              each.kind,
              each.isTemporary,
              each.table?.name,
              each.referencedBy?.map(({ name }) => name),
            ],
      );
      expect(short).toEqual([
        ["table", true, undefined, []],
        ["view", false, undefined, []],
        ["table", true, undefined, []],
        "missing",
        ["table", false, undefined, []],
        ["table", false, undefined, []],
        ["index", false, "orders", []],
        ["table", false, undefined, ["orders"]],
      ]);
    });

    test("a partitioned table is as large as its partitions", async () => {
      const [parted, part] = (await ask({ name: "parted" }, { name: "part" })).relations;
      expect(parted).toMatchObject({
        kind: "partitioned table",
        partitions: [{ schema: "public", name: "part" }],
      });
      expect(part).toMatchObject({ kind: "table" });
      if (typeof parted !== "object" || typeof part !== "object") throw new Error("not found");
      expect(parted.bytes).toBe(part.bytes);
      expect(parted.bytes).toBeGreaterThan(300_000);
    });

    test("the session's settings, whatever its strings are like", async () => {
      await client.query(
        "SET lock_timeout = '3s'; SET statement_timeout = '1min'; SET client_min_messages = error; SET standard_conforming_strings = off",
      );
      const { settings, relations } = await ask({ schema: "other", name: "od'd \\ one" });
      await client.query("RESET ALL");
      expect(settings).toEqual({
        serverVersion: expect.any(Number),
        lockTimeoutMs: 3_000,
        statementTimeoutMs: 60_000,
        leastNotice: "error",
        allow: "",
      });
      expect(relations).toMatchObject([{ name: "od'd \\ one" }]);
    });

    test("hostile names in front of pg_catalog change nothing", async () => {
      const names = [{ name: "orders" }, { schema: "public", name: "orders" }];
      const before = await ask(...names);
      await client.query("SET search_path = hostile, pg_catalog, public");
      const after = await ask(...names);
      await client.query("RESET search_path");
      expect(after).toEqual(before);
    });

    test("it does not wait for a table that another session has locked", async () => {
      await other.query("BEGIN; LOCK TABLE orders");
      await client.query("SET statement_timeout = '20s'");
      const [orders] = (await ask({ name: "orders" })).relations;
      await other.query("ROLLBACK");
      await client.query("RESET statement_timeout");
      expect(orders).toMatchObject({ kind: "table", tuples: 5000 });
      expect(orders).not.toHaveProperty("bytes");
      expect(orders).not.toHaveProperty("constraints");
    });
  });
}
