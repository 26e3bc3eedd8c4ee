import {
  bind,
  closePortal,
  closeStatement,
  copyData,
  copyDone,
  copyFail,
  describePortal,
  describeStatement,
  execute,
  flush,
  functionCall,
  parse,
  query,
  sync,
} from "../support/client-frames.ts";

/** What a client says: messages that are sent at once, then, when they are answered, the next ones. */
export type Turn = readonly Buffer[];

/** A conversation to begin with. `column` is what its version calls the windowed column. */
export interface Conversation {
  readonly name: string;
  readonly turns: (column: string) => readonly Turn[];
}

export const SCHEMA = `
  CREATE TABLE item (id int PRIMARY KEY, name text);
  CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL CHECK (user_id > 0), note text);
`;

/** Every conversation begins with the same rows, in the same places. */
export const RESET = `
  TRUNCATE item, orders;
  INSERT INTO item VALUES (1, 'a'), (2, 'b'), (3, 'c');
  INSERT INTO orders VALUES (1, 10, 'x'), (2, 20, 'y'), (3, 30, NULL);
`;

const run = (sql: string, values: readonly string[] = []) => [
  parse("", sql),
  bind("", "", values),
  describePortal(""),
  execute(""),
];

const COPY_IN = "COPY item FROM STDIN";

/** `int4pl`: the + of integers. */
const PLUS_OID = 177;

export const CONVERSATIONS: readonly Conversation[] = [
  {
    name: "simple queries",
    turns: (column) => [
      [query("SELECT id, name FROM item ORDER BY id")],
      [query(`SELECT * FROM orders WHERE ${column} > 10 ORDER BY id`)],
      [query(""), query("SELECT 'ä'")],
    ],
  },
  {
    name: "several statements in a string",
    turns: (column) => [
      [query(`SELECT 1; SELECT ${column} FROM orders ORDER BY 1; ; SELECT 1/0; SELECT 2`)],
      [query(`BEGIN; UPDATE orders SET ${column} = 5 WHERE id = 1; COMMIT; TABLE orders`)],
    ],
  },
  {
    name: "errors, in and outside of a transaction block",
    turns: (column) => [
      [query("SELECT * FROM no_such_table")],
      [query("BEGIN")],
      [query(`INSERT INTO orders (id, ${column}) VALUES (9, -1)`)],
      [query(`SELECT ${column} FROM orders`)],
      [query("ROLLBACK")],
      [query("SELEC 1")],
    ],
  },
  {
    name: "the extended protocol",
    turns: (column) => [
      [...run("SELECT id, name FROM item WHERE id = $1", ["2"]), sync()],
      [...run(`SELECT * FROM orders WHERE ${column} = $1`, ["20"]), sync()],
      [...run(`UPDATE orders SET ${column} = $1 WHERE id = 3`, ["7"]), sync()],
    ],
  },
  {
    name: "named statements",
    turns: (column) => [
      [parse("s", `SELECT ${column}, $1::text FROM orders`), describeStatement("s"), sync()],
      [parse("t", "SELECT $1::int"), sync()],
      [bind("", "s", ["a"]), describePortal(""), execute(""), sync()],
      [bind("", "t", ["not a number"]), execute(""), bind("", "s", ["b"]), execute(""), sync()],
      [closeStatement("s"), closeStatement("t"), sync()],
      [bind("", "s", ["a"]), describePortal(""), execute(""), sync()],
    ],
  },
  {
    name: "a statement that is closed behind an error",
    turns: (column) => [
      [parse("s", `UPDATE orders SET ${column} = 9 WHERE id = 1 RETURNING *`), sync()],
      [parse("t", "SELECT 1/0"), bind("", "t"), execute(""), closeStatement("s"), sync()],
      [bind("", "s"), describePortal(""), execute(""), sync()],
      [parse("s", "SELECT 2"), bind("", "s"), describePortal(""), execute(""), sync()],
    ],
  },
  {
    name: "a pipeline with and without errors",
    turns: (column) => [
      [
        ...run("INSERT INTO item VALUES (4, 'd')"),
        ...run(`SELECT ${column} FROM orders`),
        sync(),
        ...run("SELECT 1/0"),
        ...run("SELECT 2"),
        sync(),
        ...run("SELECT 3"),
        sync(),
      ],
      [query("SELECT 4"), ...run("SELECT 5"), sync(), query("SELECT 6"), query("SELECT 1/0")],
    ],
  },
  {
    name: "Flush in place of Sync",
    turns: (column) => [
      [parse("", "SELECT 1"), flush()],
      [bind("", ""), flush(), describePortal(""), flush(), execute(""), flush()],
      [...run(`SELECT ${column} FROM no_such_table`), flush()],
      [...run("SELECT 2"), sync()],
    ],
  },
  {
    name: "a Query in the place of a Sync",
    turns: (column) => [
      [...run("SELECT 1"), query(`SELECT ${column} FROM orders`)],
      [...run("SELECT 1/0"), query("SELECT 2"), query(`SELECT ${column} FROM orders`), sync()],
      [query("SELECT 3")],
    ],
  },
  {
    name: "portals that are suspended",
    turns: (column) => [
      [query("BEGIN")],
      [parse("", `SELECT id, ${column} FROM orders ORDER BY id`), bind("c", ""), sync()],
      [describePortal("c"), execute("c", 1), flush()],
      [execute("c", 1), execute("c", 1), execute("c", 1), sync()],
      [closePortal("c"), execute("c"), sync()],
      [query("COMMIT")],
    ],
  },
  {
    name: "cursors",
    turns: (column) => [
      [query(`BEGIN; DECLARE c CURSOR FOR SELECT ${column}, note FROM orders ORDER BY id`)],
      [query("FETCH 1 FROM c; FETCH 1 FROM c")],
      [...run("FETCH ALL FROM c"), describePortal("c"), sync()],
      [query("CLOSE c; COMMIT")],
    ],
  },
  {
    name: "PREPARE, EXECUTE and DEALLOCATE",
    turns: (column) => [
      [query(`PREPARE p AS SELECT ${column} FROM orders WHERE id = $1`)],
      [query("EXECUTE p(1)"), ...run("EXECUTE p(2)"), sync()],
      [parse("s", `SELECT ${column} FROM orders`), sync(), query("EXECUTE s")],
      [query("DEALLOCATE p; DEALLOCATE ALL"), bind("", "s"), execute(""), sync()],
    ],
  },
  {
    name: "COPY in",
    turns: (column) => [
      [query(COPY_IN)],
      [copyData("4\td\n5\t"), copyData("e\n"), copyDone()],
      [query(`COPY orders (id, ${column}) FROM STDIN`), copyData("4\t40\n"), copyDone()],
      [query("SELECT count(*) FROM item")],
      [query(`COPY orders (${column}) TO STDOUT`)],
    ],
  },
  {
    name: "COPY in that fails",
    turns: (column) => [
      [query(COPY_IN)],
      [copyData("4\td\n"), copyData("five\te\n"), copyData("6\tf\n"), copyDone()],
      [query(COPY_IN), copyData("4\td\n"), copyFail("no")],
      [query(`COPY orders (id, ${column}) FROM STDIN`), copyData("4\tx\n"), copyDone()],
      [query(`${COPY_IN}; SELECT 1; ${COPY_IN}`), copyData("4\td\n"), copyDone(), copyDone()],
    ],
  },
  {
    name: "COPY in by the extended protocol",
    turns: () => [
      [...run(COPY_IN), flush()],
      [copyData("4\td\n"), copyDone(), sync()],
      [...run(COPY_IN), sync(), copyData("5\te\n"), sync(), copyDone(), sync()],
      [...run(COPY_IN), copyData("five\n"), sync(), copyDone(), sync(), ...run("SELECT 1"), sync()],
    ],
  },
  {
    name: "COPY out",
    turns: (column) => [
      [query(`COPY orders (id, ${column}) TO STDOUT`)],
      [...run("COPY (SELECT 10 / (3 - id) FROM item ORDER BY id) TO STDOUT"), sync()],
      [...run("COPY item TO STDOUT (FORMAT binary)"), ...run("SELECT 1"), sync()],
    ],
  },
  {
    name: "FunctionCall",
    turns: (column) => [
      [functionCall(PLUS_OID, ["1", "2"])],
      [...run(`SELECT ${column} FROM orders`), functionCall(PLUS_OID, ["1"])],
      [functionCall(1, []), query("SELECT 1")],
    ],
  },
  {
    name: "settings, notices and statements that change what names mean",
    turns: (column) => [
      [query("SET search_path = public, pg_catalog; SET client_encoding = 'LATIN1'")],
      [...run(`SELECT ${column} FROM orders`), ...run("RESET client_encoding"), sync()],
      [query("DO $$ BEGIN RAISE NOTICE 'a note'; END $$")],
      [query("SET standard_conforming_strings = off"), query("SELECT 'a\\'b'")],
      [query("DISCARD ALL"), query(`SELECT ${column} FROM orders`)],
    ],
  },
  {
    name: "schema changes under the guard",
    turns: (column) => [
      [query("SET lock_timeout = '9s'")],
      [query("ALTER TABLE item ALTER name SET DEFAULT 'x'; SELECT 1")],
      [...run("ALTER TABLE item ALTER name DROP DEFAULT"), ...run("SELECT 2"), sync()],
      [query("BEGIN"), query("LOCK TABLE item"), query("COMMIT")],
      [query("REINDEX TABLE CONCURRENTLY item"), query(`SELECT ${column} FROM orders`)],
      [...run("VACUUM (FULL) item"), sync()],
      [query("SET lock_timeout = 0"), query("ALTER TABLE item ALTER name DROP DEFAULT")],
      [query("SELECT 3")],
    ],
  },
];
