import { frame, query, sync } from "../support/client-frames.ts";
import { ask, type ContractCase, send, until, untilClosed } from "./contract-case.ts";

const asks = (...texts: readonly string[]) => texts.map((sql) => ask(query(sql)));

/** The protocol's "Simple Query", and everything that a session can say beside it. */
export const SIMPLE_CASES: readonly ContractCase[] = [
  {
    name: "rows, NULL, the empty text and characters of several bytes",
    sees: ["< RowDescription", "< DataRow", '"SELECT 1\\0"'],
    steps: asks("SELECT 1 AS one, NULL AS nothing, '' AS empty, 'äß€😀' AS \"wörter\""),
  },
  { name: "no rows", sees: ['"SELECT 0\\0"'], steps: asks("SELECT id FROM item WHERE false") },
  { name: "no columns", sees: ['"SELECT 3\\0"'], steps: asks("SELECT FROM item") },
  { name: "an empty query", sees: ["< EmptyQueryResponse"], steps: asks("") },
  {
    name: "blanks, semicolons and comments alone",
    sees: ["< EmptyQueryResponse"],
    steps: asks("  ", " ; ;; ", "-- nothing", "/* nothing */"),
  },
  {
    name: "writes",
    sees: ['"INSERT 0 2\\0"', '"UPDATE 5\\0"', '"DELETE 5\\0"'],
    steps: asks(
      "INSERT INTO item VALUES (8, 'h'), (9, 'i') RETURNING id, name",
      "UPDATE item SET name = upper(name)",
      "DELETE FROM item RETURNING *",
    ),
  },
  {
    name: "several statements in one string",
    sees: ['"SELECT 1\\0"', '"UPDATE 3\\0"', '"SELECT 3\\0"'],
    steps: asks("SELECT 1; UPDATE item SET name = 'x'; SELECT * FROM item ORDER BY id;"),
  },
  {
    name: "an error in the middle of a string undoes what came before",
    sees: ['"INSERT 0 1\\0"', "C22012\\0", '"SELECT 3\\0"'],
    steps: asks("INSERT INTO item VALUES (4, 'd'); SELECT 1/0; SELECT 2", "SELECT * FROM item"),
  },
  {
    name: "a syntax error in the middle of a string: nothing of it runs",
    sees: ["C42601\\0"],
    steps: asks("INSERT INTO item VALUES (4, 'd'); SELEC 1", "SELECT count(*) FROM item"),
  },
  {
    name: "a string with a transaction of its own",
    sees: ['"BEGIN\\0"', '"COMMIT\\0"', "C23505\\0"],
    steps: asks(
      "BEGIN; INSERT INTO item VALUES (4, 'd'); COMMIT; INSERT INTO item VALUES (4, 'e')",
      "SELECT count(*) FROM item",
    ),
  },
  {
    name: "a string that leaves a transaction open",
    sees: ['< ReadyForQuery "T"'],
    steps: asks("SELECT 1; BEGIN; SELECT 2", "ROLLBACK"),
  },
  {
    name: "the transaction status: idle, in a block, in a failed one, back to a savepoint",
    sees: ['< ReadyForQuery "T"', '< ReadyForQuery "E"', "C25P02\\0"],
    steps: asks(
      "BEGIN",
      "SAVEPOINT before",
      "SELECT no_such_column",
      "SELECT 1",
      "ROLLBACK TO before",
      "SELECT 1",
      "COMMIT",
    ),
  },
  {
    name: "COMMIT of a failed transaction is a rollback",
    sees: ['"ROLLBACK\\0"'],
    steps: asks("BEGIN", "SELECT 1/0", "COMMIT", "COMMIT"),
  },
  {
    name: "chained transactions",
    sees: ['< ReadyForQuery "T"', '"ROLLBACK\\0"'],
    steps: asks("BEGIN", "COMMIT AND CHAIN", "SELECT 1", "ROLLBACK AND NO CHAIN"),
  },
  {
    name: "errors with their position, behind characters of several bytes",
    sees: ["P", "C42703\\0", "C42P01\\0"],
    steps: asks("SELECT 'ä😀', no_such_column", "SELECT 1 FROM no_such_table", "SELECT 1 1 1"),
  },
  {
    name: "errors with the names of table, column, constraint and type",
    sees: ["nitem_pkey\\0", "cid\\0"],
    steps: asks("INSERT INTO item VALUES (1, 'a')", "INSERT INTO item VALUES (NULL, 'a')"),
  },
  {
    name: "notices and warnings",
    sees: ["< NoticeResponse", "SWARNING\\0", "HA hint"],
    steps: asks(
      "DO $$ BEGIN RAISE NOTICE 'ä note' USING HINT = 'A hint', ERRCODE = 'AB123'; END $$",
      "ROLLBACK",
      "DROP TABLE IF EXISTS no_such_table",
      "SET client_min_messages = debug1",
      "SELECT 1",
    ),
  },
  {
    name: "an error of a function, with its context",
    sees: ["WPL/pgSQL", "CP0001\\0"],
    steps: asks("DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'd', TABLE = 't'; END $$"),
  },
  {
    name: "ParameterStatus, also when a rollback puts a setting back",
    sees: ['"TimeZone\\0UTC\\0"', '"DateStyle\\0German', '"standard_conforming_strings\\0off\\0"'],
    steps: asks(
      "SET TimeZone = 'UTC'",
      "SET datestyle = German",
      "BEGIN; SET LOCAL TimeZone = 'Asia/Tokyo'",
      "ROLLBACK",
      "SET standard_conforming_strings = off",
      "SELECT 'it\\'s'",
      "SET client_encoding = latin1",
      "SELECT chr(228)",
      "RESET ALL",
    ),
  },
  {
    name: "the session's own application_name",
    sees: ['"application_name\\0renamed\\0"'],
    steps: asks("SHOW application_name", "SET application_name = 'renamed'"),
  },
  {
    name: "DISCARD ALL",
    sees: ['"DISCARD ALL\\0"'],
    steps: asks("SET datestyle = German", "PREPARE p AS SELECT 1", "DISCARD ALL", "EXECUTE p"),
  },
  {
    name: "DISCARD ALL is refused in a string",
    sees: ["C25001\\0"],
    steps: asks("SELECT 1; DISCARD ALL"),
  },
  {
    name: "statements of SQL: PREPARE, EXECUTE, DEALLOCATE",
    sees: ['"PREPARE\\0"', '"DEALLOCATE\\0"', "C26000\\0"],
    steps: asks(
      "PREPARE p (int) AS SELECT $1 + 1 AS next",
      "EXECUTE p (1)",
      "DEALLOCATE p",
      "EXECUTE p (1)",
      "DEALLOCATE ALL",
    ),
  },
  {
    name: "cursors",
    sees: ['"DECLARE CURSOR\\0"', '"FETCH 2\\0"', '"MOVE 1\\0"', "C34000\\0"],
    steps: asks(
      "BEGIN; DECLARE c SCROLL CURSOR FOR SELECT * FROM item ORDER BY id",
      "FETCH 2 FROM c",
      "MOVE 1 FROM c",
      "FETCH BACKWARD ALL FROM c",
      "CLOSE c; COMMIT",
      "FETCH c",
    ),
  },
  {
    name: "temporary tables, and a table made from a query",
    sees: ['"CREATE TABLE\\0"', '"SELECT 3\\0"'],
    steps: asks(
      "BEGIN; CREATE TEMP TABLE t (a int) ON COMMIT DROP; INSERT INTO t VALUES (1)",
      "CREATE TEMP TABLE u ON COMMIT DROP AS SELECT * FROM item; COMMIT",
      "SELECT * FROM t",
    ),
  },
  {
    name: "a savepoint's error in one string, then the transaction goes on",
    sees: ["C22012\\0", '"COMMIT\\0"'],
    steps: asks(
      "BEGIN; INSERT INTO item VALUES (4, 'd'); SAVEPOINT s; SELECT 1/0",
      "ROLLBACK TO s; INSERT INTO item VALUES (5, 'e'); COMMIT",
      "SELECT count(*) FROM item",
    ),
  },
  {
    name: "EXPLAIN, SHOW, VACUUM, CALL and MERGE",
    sees: ['"EXPLAIN\\0"', '"SHOW\\0"', '"MERGE 3\\0"', "C42883\\0"],
    steps: asks(
      "EXPLAIN (COSTS off) SELECT * FROM item WHERE id = 1",
      "SHOW search_path",
      "MERGE INTO item i USING item s ON i.id = s.id WHEN MATCHED THEN UPDATE SET name = 'm'",
      "CALL no_such_procedure()",
    ),
  },
  {
    name: "queries that do not wait for one another's answer",
    sees: ['"SELECT 1\\0"', "C22012\\0", '"SELECT 3\\0"'],
    steps: [
      send(query("SELECT 1"), query("SELECT 1/0"), query("SELECT * FROM item"), query("")),
      until("ReadyForQuery"),
      until("ReadyForQuery"),
      until("ReadyForQuery"),
      until("ReadyForQuery"),
    ],
  },
  { name: "Sync alone, and again", sees: ["< ReadyForQuery"], steps: [ask(sync()), ask(sync())] },
  {
    name: "a query text without its end",
    sees: ["C08P01\\0"],
    steps: [ask(frame("Q", Buffer.from("SELECT 1")))],
  },
  {
    name: "a query without a text",
    sees: ["C08P01\\0"],
    steps: [ask(frame("Q"))],
  },
  {
    name: "a query with bytes behind its end",
    sees: ["C08P01\\0"],
    steps: [ask(frame("Q", "SELECT 1", "SELECT 2"))],
  },
  {
    name: "a query that is not of its encoding",
    sees: ["C22021\\0"],
    steps: [ask(frame("Q", Buffer.from("SELECT '\xff'\0", "latin1"))), ask(query("SELECT 1"))],
  },
  {
    name: "a message that does not exist",
    sees: ["SFATAL\\0", "C08P01\\0", "closed"],
    steps: [send(frame("z", "x")), untilClosed()],
  },
];
