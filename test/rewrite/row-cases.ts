import type { RewriteCase } from "./setting.ts";

const UNKNOWN = (name: string) =>
  `0A000 "${name}" stands for a whole row, and what is done with it may show column names of another version.`;
const BOTH =
  "0A000 A whole row is given to a function that shows its field names, and also used otherwise.";

/**
 * Whole rows, after the flip, as the old version sends them. As a subquery's row they have its names, but
 * no longer the table's type.
 */
export const ROWS: readonly RewriteCase[] = [
  {
    before:
      "SELECT i.id, row_to_json(o) FROM items i LEFT JOIN orders o ON o.id = i.customer_id ORDER BY 1",
    after:
      "SELECT i.id, row_to_json(o) FROM items i LEFT JOIN (SELECT * FROM orders o(id, user_id)) AS o ON o.id = i.customer_id ORDER BY 1",
  },
  {
    before:
      "SELECT i.id, CASE WHEN o IS NULL THEN 'null' ELSE to_json(o) END FROM items i LEFT JOIN orders o ON o.id = i.customer_id ORDER BY 1",
    after:
      "SELECT i.id, CASE WHEN o IS NULL THEN 'null' ELSE to_json(o) END FROM items i LEFT JOIN (SELECT * FROM orders o(id, user_id)) AS o ON o.id = i.customer_id ORDER BY 1",
  },
  {
    before: "SELECT count(o), json_agg(o) FROM orders o",
    after: "SELECT count(o), json_agg(o) FROM (SELECT * FROM orders o(id, user_id)) AS o",
  },
  {
    before: "SELECT json_object('a': o) FROM orders o ORDER BY id",
    after: "SELECT json_object('a': o) FROM (SELECT * FROM orders o(id, user_id)) AS o ORDER BY id",
  },
  {
    before: "SELECT json_arrayagg(o ORDER BY o.user_id, id) FROM orders o",
    after:
      "SELECT json_arrayagg(o ORDER BY o.user_id, id) FROM (SELECT * FROM orders o(id, user_id)) AS o",
  },
  {
    before: "SELECT json_objectagg(id: o) FROM orders o",
    after: "SELECT json_objectagg(id: o) FROM (SELECT * FROM orders o(id, user_id)) AS o",
  },
  {
    before: "SELECT array_to_json(array_agg(o ORDER BY id)) FROM orders o",
    after:
      "SELECT array_to_json(array_agg(o ORDER BY id)) FROM (SELECT * FROM orders o(id, user_id)) AS o",
  },
  {
    before: "SELECT NULLIF(o, p) FROM orders o LEFT JOIN orders p ON false ORDER BY o.id",
    after:
      "SELECT NULLIF(o, p) FROM orders o(id, user_id) LEFT JOIN orders p(id, user_id) ON false ORDER BY o.id",
  },
  // Of o's and p's rows one would be a subquery's, and CASE wants one type.
  {
    before:
      "SELECT row_to_json(o), (CASE WHEN true THEN o ELSE p END) IS NULL FROM orders o, orders p",
    refused: BOTH,
  },
  { before: "SELECT o, row_to_json(o) FROM orders o", refused: BOTH },
  { before: "SELECT row_to_json(o), o FROM orders o", refused: BOTH },
  { before: "SELECT row_to_json(o) FROM orders o WHERE o = '(1,2,3,x)'", refused: BOTH },
  { before: "SELECT row_to_json(o), pg_typeof(o) FROM orders o", refused: BOTH },
  {
    before:
      "SELECT o, (SELECT row_to_json(p) FROM orders p WHERE p.id = o.id) FROM orders o ORDER BY o.id",
    after:
      "SELECT o, (SELECT row_to_json(p) FROM (SELECT * FROM orders p(id, user_id)) AS p WHERE p.id = o.id) FROM orders o(id, user_id) ORDER BY o.id",
  },
  {
    before: "SELECT row_to_json(o) FROM orders AS o(a)",
    refused:
      '0A000 "o" stands for a whole row, and its fields don\'t have the names of the alias list.',
  },
  {
    before: "SELECT o FROM orders AS o(a)",
    after: "SELECT o FROM orders AS o(a, user_id)",
  },
  { before: "SELECT row_to_json(x) FROM (SELECT o FROM orders o) x", refused: UNKNOWN("o") },
  { before: "SELECT x.o FROM (SELECT o FROM orders o) x", refused: UNKNOWN("o") },
  {
    before: "SELECT row_to_json(x) FROM (SELECT o.* FROM orders o) x",
    after: "SELECT row_to_json(x) FROM (SELECT o.* FROM orders o(id, user_id)) x",
  },
  {
    before: "WITH x AS (SELECT o FROM orders o) SELECT (x.o).user_id FROM x",
    refused: UNKNOWN("o"),
  },
  {
    before: "UPDATE plain SET label = (SELECT orders FROM orders WHERE id = 2)",
    refused: UNKNOWN("orders"),
  },
  {
    before: "UPDATE plain SET label = o::text FROM orders o WHERE o.id = 2 RETURNING label",
    after:
      "UPDATE plain SET label = o::text FROM orders o(id, user_id) WHERE o.id = 2 RETURNING label",
  },
  { before: "SELECT * FROM unnest(ARRAY(SELECT o FROM orders o))", refused: UNKNOWN("o") },
  { before: "SELECT to_json(COALESCE(o, NULL)) FROM orders o", refused: UNKNOWN("o") },
  { before: "SELECT to_json(CASE WHEN true THEN o END) FROM orders o", refused: UNKNOWN("o") },
  { before: "SELECT to_json(ARRAY[o]) FROM orders o", refused: UNKNOWN("o") },
  {
    before: "SELECT COALESCE(o, NULL), ARRAY[o] FROM orders o ORDER BY o.id",
    after: "SELECT COALESCE(o, NULL), ARRAY[o] FROM orders o(id, user_id) ORDER BY o.id",
  },
  {
    before: "CREATE TEMP TABLE rows_kept AS SELECT x.o FROM (SELECT o FROM orders o) x",
    refused: UNKNOWN("o"),
  },
  {
    before: "CREATE TEMP TABLE rows_kept AS SELECT o FROM orders o",
    after: "CREATE TEMP TABLE rows_kept AS SELECT o FROM orders o(id, user_id)",
  },
];
