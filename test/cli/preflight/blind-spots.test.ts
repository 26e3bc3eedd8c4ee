import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBlindSpots } from "../../../src/cli/blind-spots.ts";
import type { EmbeddedServer } from "../../../src/cli/embedded/embedded-postgres.ts";
import type { Window } from "../../../src/version/window.ts";
import { hasPostgres15, POSTGRES_15 } from "../../support/program.ts";
import { startServer } from "../../support/server.ts";

const SCHEMA = `
  CREATE TABLE orders (id int, user_id int, total int, at date, note text,
    twice int GENERATED ALWAYS AS (user_id * 2) STORED,
    PRIMARY KEY (id, at), CONSTRAINT positive CHECK (user_id > 0)) PARTITION BY RANGE (at);
  CREATE TABLE orders_2020 PARTITION OF orders FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
  CREATE TABLE refers (user_id int);

  CREATE FUNCTION in_sql() RETURNS bigint LANGUAGE sql AS $$
    -- user_id in a comment
    SELECT count(user_id)
    FROM orders $$;
  CREATE FUNCTION only_comment() RETURNS bigint LANGUAGE sql AS
    'SELECT count(*) /* user_id */ FROM orders -- user_id';
  CREATE FUNCTION only_string() RETURNS text LANGUAGE plpgsql AS
    $$BEGIN RAISE NOTICE 'user_id of orders'; RETURN 'user_id'; END$$;
  CREATE FUNCTION dynamic() RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    EXECUTE 'UPDATE orders
             SET user_id = 1';
  END$$;
  CREATE FUNCTION another_table() RETURNS bigint LANGUAGE sql AS 'SELECT count(user_id) FROM refers';
  CREATE FUNCTION own_parameter(user_id int) RETURNS bigint LANGUAGE sql AS
    'SELECT count(*) FROM orders WHERE id = user_id';
  CREATE FUNCTION other_case() RETURNS bigint LANGUAGE sql AS 'SELECT count(USER_ID) FROM Orders';
  CREATE FUNCTION other_name() RETURNS int LANGUAGE sql AS 'SELECT 1 AS "USER_ID" FROM orders';
  CREATE FUNCTION standard() RETURNS bigint BEGIN ATOMIC SELECT count(user_id) FROM orders; END;
  CREATE PROCEDURE proc() LANGUAGE plpgsql AS $$DECLARE r orders; BEGIN
    UPDATE orders SET user_id = 2; END$$;
  CREATE FUNCTION of_trigger() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
    NEW.user_id := 1;
    RETURN NEW; END$$;
  CREATE TRIGGER touch BEFORE UPDATE OF user_id ON orders FOR EACH ROW EXECUTE FUNCTION of_trigger();
  CREATE TRIGGER argument BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION of_trigger('user_id');

  CREATE VIEW spenders AS SELECT user_id FROM orders;
  CREATE MATERIALIZED VIEW kept AS SELECT user_id FROM orders_2020;
  CREATE RULE keep AS ON DELETE TO orders WHERE old.user_id = 0 DO INSTEAD NOTHING;
  CREATE POLICY own ON orders USING (user_id > 1);
  CREATE INDEX by_user ON orders ((user_id + 1)) WHERE user_id > 3;
  CREATE STATISTICS stats ON user_id, total FROM orders;
  CREATE PUBLICATION pub FOR TABLE orders_2020 (id, at, user_id) WHERE (user_id > 1);
  CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
  CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION on_ddl();
  CREATE EVENT TRIGGER of_drops ON sql_drop EXECUTE FUNCTION on_ddl();
  CREATE SCHEMA cron;
  CREATE TABLE cron.job (jobid int, command text, database text);
  INSERT INTO cron.job VALUES (1, 'DELETE FROM orders WHERE user_id = 9', current_database()),
                              (2, 'DELETE FROM orders WHERE user_id = 9', 'another'),
                              (3, 'DELETE FROM orders WHERE id = 9', current_database());

  CREATE FOREIGN DATA WRAPPER dummy;
  CREATE SERVER far FOREIGN DATA WRAPPER dummy;
  CREATE FOREIGN TABLE remote (a int, b int OPTIONS (column_name 'b')) SERVER far;
  CREATE TABLE parent (x int);
  CREATE TABLE child () INHERITS (parent);
  CREATE TABLE prices (id int, net int, gross int, note text);
  CREATE FUNCTION of_gross() RETURNS bigint LANGUAGE sql AS 'SELECT sum(gross) FROM prices';
  CREATE FUNCTION of_net() RETURNS bigint LANGUAGE sql AS 'SELECT sum(net) FROM prices';
  CREATE FUNCTION each_price() RETURNS SETOF prices LANGUAGE sql AS 'TABLE prices';
  CREATE FUNCTION out_price(id int, OUT found prices) LANGUAGE sql AS 'SELECT p FROM prices p WHERE p.id = $1';
  CREATE FUNCTION takes_price(prices) RETURNS int LANGUAGE sql AS 'SELECT $1.id';
  CREATE TABLE priced (id int, price prices, others prices[]);
  CREATE RULE also AS ON INSERT TO prices DO ALSO INSERT INTO refers VALUES (new.id);
  CREATE RULE one AS ON DELETE TO prices DO INSTEAD UPDATE prices SET note = 'gone' WHERE id = old.id;
  CREATE RULE several AS ON UPDATE TO prices DO INSTEAD (DELETE FROM refers; DELETE FROM remote);
  CREATE FUNCTION by_regclass() RETURNS oid LANGUAGE sql AS $$SELECT 'public.refers'::regclass::oid$$;`;

const HELD = [
  "BEGIN",
  "INSERT INTO orders (id, user_id, at) VALUES (1, 1, '2020-02-02')",
  "PREPARE TRANSACTION 'held'",
];

const servers = ["", ...(hasPostgres15 ? [POSTGRES_15] : [])];

for (const binaries of servers) {
  const label = binaries === "" ? "embedded" : "PostgreSQL 15";
  describe(label, () => onServer(binaries));
}

function onServer(binaries: string): void {
  let server: EmbeddedServer;
  let client: pg.Client;

  beforeAll(async () => {
    server = await startServer({
      ...(binaries === "" ? {} : { binaries }),
      settings: { max_prepared_transactions: "2" },
    });
    client = new pg.Client({ host: server.host, port: server.port, user: server.user });
    await client.connect();
    for (const statement of [SCHEMA, ...HELD]) await client.query(statement);
  });

  afterAll(async () => {
    await client.query("ROLLBACK PREPARED 'held'");
    await client.end();
    await server.stop();
  });

  test("what names a column, told apart", async () => {
    const spots = await findBlindSpots(
      client,
      windowOn("orders", { user_id: "customer_id" }),
      "straddle",
    );
    expect(
      spots.map(({ kind, object, text }) => `${kind} ${object}: ${firstClause(text)}`),
    ).toEqual([
      "unclear function another_table(): says user_id (line 1)",
      "unclear function dynamic(): has user_id (line 4) in a string",
      "breaks function in_sql(): says user_id (line 3)",
      "breaks function of_trigger(): says user_id (line 2)",
      "breaks function other_case(): says user_id (line 1)",
      "unclear function own_parameter(integer): says user_id (line 1)",
      "breaks procedure proc(): says user_id (line 2)",
      ...["orders", "orders_2020"].map(
        (table) =>
          `unclear trigger argument on table ${table}: gives user_id to its function as an argument`,
      ),
      "breaks job 1 of pg_cron: says user_id (line 1)",
      "breaks publication pub: publishes the table",
      "unclear event trigger watcher: runs its function at the rename: it may refuse it",
      "unclear prepared transaction 'held': holds a lock on the table: the rename waits until it is committed or rolled back",
      ...FOLLOWING.map(
        (object) => `follows ${object}: uses user_id and follows the rename by itself`,
      ),
    ]);
  });

  test("a name that is another column's after the rename, and rules that write", async () => {
    const seen = async (columns: Readonly<Record<string, string>>) => {
      const spots = await findBlindSpots(client, windowOn("prices", columns), "straddle");
      return spots
        .filter(({ object }) => object !== "event trigger watcher")
        .map(({ kind, object, text }) => `${kind} ${object} ${text}`);
    };
    const replace = "replace it in the same transaction";
    const ruled = ["also", "several"].map(
      (rule) =>
        `unclear rule ${rule} on table prices makes several statements of a write; those of a version that get a WITH query fail then, which are writes with RETURNING *, and all where names pass from one column to another`,
    );
    const ofRows = [
      "column others of table priced",
      "column price of table priced",
      "function each_price()",
      "function out_price(integer)",
    ].map(
      (name) =>
        `unclear ${name} has rows of the table, whose fields are called as in the database; a statement that names a renamed one fails after the rename, or is refused while names pass from one column to the other`,
    );
    expect(await seen({ net: "gross", gross: "total" })).toEqual([
      `breaks function of_gross() says gross (line 1), and means another column after the rename, without an error: ${replace}`,
      `breaks function of_net() says net (line 1), and breaks at the rename: ${replace}`,
      ...ruled,
      ...ofRows,
    ]);
    expect(await seen({ net: "amount" })).toEqual([
      `breaks function of_net() says net (line 1), and breaks at the rename: ${replace}`,
      ...ruled,
      ...ofRows,
    ]);
    const ofTable = await findBlindSpots(client, windowOn("prices", {}, "costs"), "straddle");
    expect(ofTable.filter(({ object }) => object.startsWith("rule "))).toEqual([]);
  });

  test("names of tables, foreign tables, and columns that are inherited", async () => {
    const seen = [
      await findBlindSpots(client, windowOn("refers", {}, "mentions"), "straddle"),
      await findBlindSpots(client, windowOn("remote", { a: "aa", b: "bb" }), "straddle"),
      await findBlindSpots(client, windowOn("child", { x: "y" }), "straddle"),
    ].flatMap((spots) =>
      spots
        .filter(({ object }) => object !== "event trigger watcher")
        .map(({ kind, object, text }) => `${kind} ${object}: ${firstClause(text)}`),
    );
    expect(seen).toEqual([
      "breaks function another_table(): says refers (line 1)",
      "unclear function by_regclass(): has refers (line 1) in a string",
      "breaks foreign table remote: is a foreign table whose column a has no option column_name: after the rename another column is asked for on the remote side",
      "breaks table child: inherits x from a table outside of the window",
    ]);
  });
}

const FOLLOWING = [
  "constraint positive on table orders",
  "constraint positive on table orders_2020",
  "default value for column twice of table orders",
  "default value for column twice of table orders_2020",
  "function standard()",
  "index by_user",
  "index orders_2020_expr_idx",
  "policy own on table orders",
  "publication of table orders_2020 in publication pub",
  "rule _RETURN on materialized view kept",
  "rule _RETURN on view spenders",
  "rule keep on table orders",
  "statistics object stats",
  "trigger touch on table orders",
  "trigger touch on table orders_2020",
];

function firstClause(text: string): string {
  return text.split(/[;,](?! total)/, 1)[0] ?? "";
}

function windowOn(
  table: string,
  columns: Readonly<Record<string, string>>,
  renameTable?: string,
): Window {
  return {
    schema: "public",
    table,
    renameTable,
    renameColumns: new Map(Object.entries(columns)),
    old: "<2.0.0",
    new: ">=2.0.0",
    app: undefined,
    closes: undefined,
  };
}
