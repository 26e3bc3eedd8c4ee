import { beforeAll, expect, test } from "vitest";
import { turnBackError } from "../../src/rewrite/answers.ts";
import { applyEdits } from "../../src/sql/edit.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { rewrite, V1 } from "./setting.ts";

beforeAll(loadParser);

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
    name: "the column that COPY was at, never its value",
    sql: "COPY orders FROM STDIN",
    server: {
      C: "22P02",
      W: 'COPY orders, line 1, column customer_id: "customer_id"',
    },
    client: { C: "22P02", W: 'COPY orders, line 1, column user_id: "customer_id"' },
  },
  {
    name: "the column that a binary COPY was at",
    sql: "COPY orders FROM STDIN (FORMAT binary)",
    server: { C: "22P03", W: "COPY orders, line 1, column customer_id" },
    client: { C: "22P03", W: "COPY orders, line 1, column user_id" },
  },
  {
    name: "a column of COPY whose name ends like the renamed one's stays",
    sql: "COPY orders FROM STDIN",
    server: { C: "22P02", W: "COPY orders, Zeile 1, Spalte old_customer_id: NULL-Eingabe" },
    client: { C: "22P02", W: "COPY orders, Zeile 1, Spalte old_customer_id: NULL-Eingabe" },
  },
  {
    name: "the renamed table that COPY was at, behind a function",
    sql: "COPY person FROM STDIN",
    server: {
      C: "P0001",
      W: 'PL/pgSQL function people() line 1 at RAISE\nCOPY people, line 1: "people: a"',
    },
    client: {
      C: "P0001",
      W: 'PL/pgSQL function people() line 1 at RAISE\nCOPY person, line 1: "people: a"',
    },
  },
  {
    name: "the renamed table whose row was waited for",
    sql: "DELETE FROM person",
    server: { C: "55P03", W: 'while deleting tuple (0,1) in relation "people"' },
    client: { C: "55P03", W: 'while deleting tuple (0,1) in relation "person"' },
  },
  {
    name: "the SQL of a function stays",
    sql: "DELETE FROM person",
    server: { C: "22012", W: 'SQL statement "SELECT (1,2) FROM "people""' },
    client: { C: "22012", W: 'SQL statement "SELECT (1,2) FROM "people""' },
  },
  {
    name: "where a COPY failed: the names of the place, never the value",
    sql: "COPY orders (id, user_id) FROM STDIN",
    server: { C: "22P02", M: "x", W: 'COPY orders, line 1, column customer_id: "customer_id"' },
    client: { C: "22P02", M: "x", W: 'COPY orders, line 1, column user_id: "customer_id"' },
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
