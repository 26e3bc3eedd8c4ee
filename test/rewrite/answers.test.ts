import { beforeAll, expect, test } from "vitest";
import { type Answers, turnBackError } from "../../src/rewrite/answers.ts";
import { applyEdits } from "../../src/sql/edit.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { rewrite, V1 } from "./setting.ts";

beforeAll(loadParser);

const INVOICE = 'INSERT INTO invoices (id, nr, "Payer Id") VALUES (1, 1, 2)';
const UPDATE = "UPDATE orders SET user_id = 1 WHERE user_id = 2";

const cases = [
  {
    name: "a position behind edits, in characters",
    sql: "UPDATE orders SET note = '𝒳', user_id = 1 WHERE nope = 2",
    server: { C: "42703", M: 'column "nope" does not exist', P: "53" },
    client: { C: "42703", M: 'column "nope" does not exist', P: "49" },
  },
  {
    name: "a not-null violation by its fields",
    sql: UPDATE,
    server: {
      C: "23502",
      M: 'null value in column "customer_id" of relation "orders" violates not-null constraint',
      D: "Failing row contains (1, null, customer_id, n).",
      s: "public",
      t: "orders",
      c: "customer_id",
    },
    client: {
      C: "23502",
      M: 'null value in column "user_id" of relation "orders" violates not-null constraint',
      D: "Failing row contains (1, null, customer_id, n).",
      s: "public",
      t: "orders",
      c: "user_id",
    },
  },
  {
    name: "a key's names, never its values",
    sql: UPDATE,
    server: { C: "23505", D: "Key (id, lower(customer_id))=(1, customer_id) already exists." },
    client: { C: "23505", D: "Key (id, lower(user_id))=(1, customer_id) already exists." },
  },
  {
    name: "a key's name that has to be quoted",
    sql: INVOICE,
    server: { C: "23505", D: "Key (number, payer)=(1, 2) already exists." },
    client: { C: "23505", D: 'Key (nr, "Payer Id")=(1, 2) already exists.' },
  },
  {
    name: "a foreign key's name is never quoted",
    sql: INVOICE,
    server: {
      C: "23503",
      M: 'insert on table "invoices"',
      D: 'Key (payer)=(2) is not present in table "y".',
      s: "public",
      t: "invoices",
    },
    client: {
      C: "23503",
      M: 'insert on table "invoices"',
      D: 'Key (Payer Id)=(2) is not present in table "y".',
      s: "public",
      t: "invoices",
    },
  },
  {
    name: "what IF EXISTS says of a table that is there under another name only",
    sql: "ALTER TABLE IF EXISTS people SET (fillfactor = 50)",
    server: { C: "00000", M: 'relation "person" does not exist, skipping' },
    client: { C: "00000", M: 'relation "people" does not exist, skipping' },
  },
  {
    name: "what IF EXISTS says of a table's constraint, which keeps its name",
    sql: "ALTER TABLE person DROP CONSTRAINT IF EXISTS people",
    server: {
      C: "00000",
      M: 'constraint "people" of relation "people" does not exist, skipping',
    },
    client: {
      C: "00000",
      M: 'constraint "people" of relation "person" does not exist, skipping',
    },
  },
  {
    name: "what IF EXISTS says of a table's column",
    sql: "ALTER TABLE orders ALTER COLUMN user_id DROP IDENTITY IF EXISTS",
    server: {
      C: "00000",
      M: 'column "customer_id" of relation "orders" is not an identity column, skipping',
    },
    client: {
      C: "00000",
      M: 'column "user_id" of relation "orders" is not an identity column, skipping',
    },
  },
  {
    name: "a message in German",
    sql: UPDATE,
    server: { C: "23502", M: "NULL-Wert in Spalte »customer_id« von Relation »orders«" },
    client: { C: "23502", M: "NULL-Wert in Spalte »user_id« von Relation »orders«" },
  },
  {
    name: "another table's column of that name stays",
    sql: UPDATE,
    server: { C: "23502", M: "x", s: "public", t: "items", c: "customer_id" },
    client: { C: "23502", M: "x", s: "public", t: "items", c: "customer_id" },
  },
  {
    name: "a name that the client wrote under an alias list stays",
    sql: "SELECT customer_id FROM orders",
    server: { C: "42703", M: 'column "customer_id" does not exist', P: "8" },
    client: { C: "42703", M: 'column "customer_id" does not exist', P: "8" },
  },
  {
    name: "a column that a constraint has twice",
    sql: "ALTER TABLE orders ADD CONSTRAINT c UNIQUE (user_id, user_id)",
    server: {
      C: "42701",
      M: 'column "customer_id" appears twice in unique constraint',
      P: "24",
    },
    client: { C: "42701", M: 'column "user_id" appears twice in unique constraint', P: "24" },
  },
  {
    name: "a hint about a written table",
    sql: "UPDATE orders SET note = user_idd",
    server: {
      C: "42703",
      M: 'column "user_idd" does not exist',
      H: 'Perhaps you meant to reference the column "orders.customer_id".',
      P: "26",
    },
    client: {
      C: "42703",
      M: 'column "user_idd" does not exist',
      H: 'Perhaps you meant to reference the column "orders.user_id".',
      P: "26",
    },
  },
  {
    name: "a renamed table",
    sql: "DELETE FROM person",
    server: {
      C: "23503",
      M: 'update or delete on table "people" violates foreign key constraint "f" on table "pets"',
      s: "public",
      t: "people",
    },
    client: {
      C: "23503",
      M: 'update or delete on table "person" violates foreign key constraint "f" on table "pets"',
      s: "public",
      t: "person",
    },
  },
  {
    name: "a value that looks like a column",
    sql: "SELECT 'customer_id'::int, id FROM orders",
    server: { C: "22P02", M: 'invalid input syntax for type integer: "customer_id"', P: "8" },
    client: { C: "22P02", M: 'invalid input syntax for type integer: "customer_id"', P: "8" },
  },
  {
    name: "a row's values in quotation marks",
    sql: UPDATE,
    server: { C: "23514", D: 'Failing row contains (1, "customer_id").', n: "positive" },
    client: { C: "23514", D: 'Failing row contains (1, "customer_id").', n: "positive" },
  },
  {
    name: "a constraint that is called like a column",
    sql: UPDATE,
    server: {
      C: "23514",
      M: 'new row for relation "orders" violates check constraint "customer_id"',
    },
    client: {
      C: "23514",
      M: 'new row for relation "orders" violates check constraint "customer_id"',
    },
  },
  {
    name: "a key's values in quotation marks, and the table behind them",
    sql: "INSERT INTO person (id) VALUES (1)",
    server: { C: "23503", D: 'Key (id)=("people") is not present in table "people".' },
    client: { C: "23503", D: 'Key (id)=("people") is not present in table "person".' },
  },
  {
    name: "both keys of a conflict",
    sql: UPDATE,
    server: {
      C: "23P01",
      D: "Key (customer_id)=(1) conflicts with existing key (customer_id)=(1).",
    },
    client: { C: "23P01", D: "Key (user_id)=(1) conflicts with existing key (user_id)=(1)." },
  },
  {
    name: "a partition's key",
    sql: "INSERT INTO parted (id, user_id) VALUES (900, 1)",
    server: { C: "23514", D: "Partition key of the failing row contains (customer_id) = (900)." },
    client: { C: "23514", D: "Partition key of the failing row contains (user_id) = (900)." },
  },
  {
    name: "the text of a RAISE",
    sql: UPDATE,
    server: {
      C: "23514",
      M: 'no "customer_id" here',
      H: "orders.customer_id",
      R: "exec_stmt_raise",
    },
    client: {
      C: "23514",
      M: 'no "customer_id" here',
      H: "orders.customer_id",
      R: "exec_stmt_raise",
    },
  },
  {
    name: "a lock that is not to be had",
    sql: "SELECT * FROM person FOR UPDATE NOWAIT",
    server: { C: "55P03", M: 'could not obtain lock on row in relation "people"' },
    client: { C: "55P03", M: 'could not obtain lock on row in relation "person"' },
  },
  {
    name: "a name without quotation marks",
    sql: "SELECT * FROM person",
    server: { C: "42501", M: "permission denied for table people" },
    client: { C: "42501", M: "permission denied for table person" },
  },
  {
    name: "COPY's column, not its value",
    sql: "COPY orders FROM STDIN",
    server: { C: "22P02", W: 'COPY orders, line 2, column customer_id: "customer_id"' },
    client: { C: "22P02", W: 'COPY orders, line 2, column user_id: "customer_id"' },
  },
  {
    name: "COPY's column that is null",
    sql: "COPY orders FROM STDIN",
    server: { C: "22P04", W: "COPY orders, line 2, column customer_id: null input" },
    client: { C: "22P04", W: "COPY orders, line 2, column user_id: null input" },
  },
  {
    name: "COPY's table, not its values",
    sql: "COPY person FROM STDIN",
    server: { C: "22P04", W: 'COPY people, line 1: "people, line 1"' },
    client: { C: "22P04", W: 'COPY person, line 1: "people, line 1"' },
  },
  {
    name: "COPY's table below a trigger",
    sql: "COPY person FROM STDIN",
    server: {
      C: "P0001",
      W: 'PL/pgSQL function people() line 1 at RAISE\nCOPY people, line 1: "x\n,"',
    },
    client: {
      C: "P0001",
      W: 'PL/pgSQL function people() line 1 at RAISE\nCOPY person, line 1: "x\n,"',
    },
  },
  {
    name: "COPY in German",
    sql: "COPY orders FROM STDIN",
    server: { C: "22P02", W: "COPY orders, Zeile 2, Spalte customer_id: »abc«" },
    client: { C: "22P02", W: "COPY orders, Zeile 2, Spalte customer_id: »abc«" },
  },
  {
    name: "a row that COPY leaves out",
    sql: "COPY orders FROM STDIN (ON_ERROR ignore, LOG_VERBOSITY verbose)",
    server: {
      C: "00000",
      M: 'skipping row due to data type incompatibility at line 2 for column "customer_id": "customer_id"',
    },
    client: {
      C: "00000",
      M: 'skipping row due to data type incompatibility at line 2 for column "user_id": "customer_id"',
    },
  },
  {
    name: "a row that is locked",
    sql: "DELETE FROM person",
    server: { C: "55P03", W: 'while deleting tuple (0,1) in relation "people"' },
    client: { C: "55P03", W: 'while deleting tuple (0,1) in relation "person"' },
  },
];
for (const { name, sql, server, client } of cases) {
  test(name, () => {
    const result = rewrite(sql, V1);
    if (result.kind !== "edited") throw new Error(`${sql} is ${result.kind}`);
    const { edits, answers } = result;
    const input = { sentText: sql, ranText: applyEdits(sql, edits), edits, answers };
    const fields = turnBackError(new Map(Object.entries(server)), input);
    expect(Object.fromEntries(fields)).toEqual(client);
  });
}

test("a name of two parts that were both exchanged, without quotation marks", () => {
  const sentText = 'COPY crew FROM STDIN WHERE crew."größe" = 1';
  const ranText = 'COPY "Staff" FROM STDIN WHERE "Staff"."size" = 1';
  const name = (sent: string, start: number, text: string) => {
    return { start, end: start + sent.length, text, kind: "name" } as const;
  };
  const edits = [
    name("crew", 5, '"Staff"'),
    name("crew", 27, '"Staff"'),
    name('"größe"', 32, '"size"'),
  ];
  const answers: Answers = {
    columns: new Map(),
    tables: new Map(),
    renameFields: [],
    relations: [],
    targets: [],
    writes: [],
    assignedTwice: [],
  };
  const error = new Map([
    ["C", "42703"],
    ["M", "column Staff.size does not exist"],
    ["P", "31"],
  ]);
  const fields = turnBackError(error, { sentText, ranText, edits, answers });
  expect(applyEdits(sentText, edits)).toBe(ranText);
  expect(Object.fromEntries(fields)).toEqual({
    C: "42703",
    M: "column crew.größe does not exist",
    P: "28",
  });
});
