import type pg from "pg";
import { tableNamesOf, type Window } from "../../version/window.ts";
import { type BlindSpot, columnsOf, FAMILY } from "./blind-spot.ts";

/**
 * What stands around the table and goes by names, or in the way of the rename: logical replication, foreign tables, event
 * triggers, inheritance from a table outside of the window, and prepared transactions.
 */
export async function findSurroundings(client: pg.Client, window: Window): Promise<BlindSpot[]> {
  const parameters = [window.schema, tableNamesOf(window)];
  const found: BlindSpot[] = [];
  for (const { sql, kind, text } of QUESTIONS) {
    const { rows } = await client.query<{ name: string }>(sql, parameters);
    found.push(...rows.map(({ name }) => ({ kind, object: name, text })));
  }
  if (window.renameColumns.size > 0) {
    const ruled = await client.query<{ name: string }>(RULES, parameters);
    found.push(...ruled.rows.map(({ name }) => ({ ...RULED, object: name })));
  }
  if (window.renameColumns.size > 0) {
    const holding = await client.query<{ name: string }>(ROWS, parameters);
    found.push(...holding.rows.map(({ name }) => ({ ...OF_ROWS, object: name })));
  }
  const { rows } = await client.query<{ name: string; column: string }>(BY_COLUMN, [
    ...parameters,
    columnsOf(window),
  ]);
  const ofColumns = rows.map(
    ({ name, column }): BlindSpot => ({
      kind: "breaks",
      object: name,
      text: `is a foreign table whose column ${column} has no option column_name: after the rename another column is asked for on the remote side`,
    }),
  );
  const inherited = await client.query<{ name: string; column: string }>(INHERITED, [
    ...parameters,
    columnsOf(window),
  ]);
  const inheriting = inherited.rows.map(
    ({ name, column }): BlindSpot => ({
      kind: "breaks",
      object: name,
      text: `inherits ${column} from a table outside of the window, so that the rename fails: open the window on that table`,
    }),
  );
  return [...found, ...ofColumns, ...inheriting];
}

const QUESTIONS: readonly {
  readonly sql: string;
  readonly kind: BlindSpot["kind"];
  readonly text: string;
}[] = [
  {
    kind: "breaks",
    text: "publishes the table; subscribers know columns and tables by name, so the rename has to be made there too, and replication of it stops in between",
    sql: `
      WITH ${FAMILY}
      SELECT DISTINCT pg_catalog.format('publication %I', t.pubname) AS name
      FROM pg_catalog.pg_publication_tables t
      JOIN pg_catalog.pg_namespace n ON n.nspname = t.schemaname
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
      JOIN family ON family.oid = c.oid ORDER BY 1`,
  },
  {
    kind: "breaks",
    text: "is filled by a subscription, which knows columns and tables by name: the rename has to be made on the publisher too",
    sql: `
      WITH ${FAMILY}
      SELECT DISTINCT pg_catalog.format('table %s', s.srrelid::pg_catalog.regclass) AS name
      FROM pg_catalog.pg_subscription_rel s JOIN family ON family.oid = s.srrelid ORDER BY 1`,
  },
  {
    kind: "unclear",
    text: "runs its function at the rename: it may refuse it, or do something of its own",
    sql: `
      SELECT pg_catalog.format('event trigger %I', evtname) AS name FROM pg_catalog.pg_event_trigger
      WHERE evtenabled <> 'D' AND evtevent IN ('ddl_command_start', 'ddl_command_end')
        AND (evttags IS NULL OR 'ALTER TABLE' = ANY (evttags))
        AND ($1::pg_catalog.text, $2::pg_catalog.text[]) IS NOT NULL ORDER BY 1`,
  },
  {
    kind: "unclear",
    text: "holds a lock on the table: the rename waits until it is committed or rolled back",
    sql: `
      WITH ${FAMILY}
      SELECT DISTINCT pg_catalog.format('prepared transaction %L', x.gid) AS name
      FROM pg_catalog.pg_prepared_xacts x
      JOIN pg_catalog.pg_locks own ON own.locktype = 'transactionid' AND own.transactionid = x.transaction
      JOIN pg_catalog.pg_locks l ON l.virtualtransaction = own.virtualtransaction AND l.locktype = 'relation'
      JOIN family ON family.oid = l.relation
      WHERE x.database = pg_catalog.current_database() ORDER BY 1`,
  },
];

/** Where a rule makes several statements of one, the server takes no WITH (RewriteQuery). Command 7 is NOTHING. */
const RULED = {
  kind: "unclear",
  text: "makes several statements of a write; those of a version that get a WITH query fail then, which are writes with RETURNING *, and all where names pass from one column to another",
} as const;

const RULES = `
  WITH ${FAMILY}
  SELECT pg_catalog.pg_describe_object('pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, 0) AS name
  FROM pg_catalog.pg_rewrite r JOIN family ON family.oid = r.ev_class
  WHERE r.ev_type <> '1' AND r.ev_action::pg_catalog.text NOT LIKE '({QUERY :commandType 7 %'
    AND (NOT r.is_instead OR r.ev_qual::pg_catalog.text <> '<>' OR r.ev_action::pg_catalog.text LIKE '%} {QUERY %')
  ORDER BY 1`;

const OF_ROWS = {
  kind: "unclear",
  text: "has rows of the table, whose fields are called as in the database; a statement that names a renamed one fails after the rename, or is refused while names pass from one column to the other",
} as const;

const ROWS = `
  WITH ${FAMILY}, types AS (
    SELECT pg_catalog.unnest(ARRAY[t.oid, t.typarray]) AS oid
    FROM family JOIN pg_catalog.pg_type t ON t.typrelid = family.oid)
  SELECT pg_catalog.format('function %s', p.oid::pg_catalog.regprocedure) AS name FROM pg_catalog.pg_proc p
  WHERE p.prorettype IN (SELECT oid FROM types)
     OR EXISTS (SELECT FROM pg_catalog.generate_subscripts(p.proallargtypes, 1) AS place
                WHERE p.proargmodes[place] IN ('o', 'b', 't') AND p.proallargtypes[place] IN (SELECT oid FROM types))
  UNION
  SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, a.attrelid, a.attnum)
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  WHERE a.atttypid IN (SELECT oid FROM types) AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'i'
  ORDER BY 1`;

const BY_COLUMN = `
  WITH ${FAMILY}
  SELECT pg_catalog.format('foreign table %s', c.oid::pg_catalog.regclass) AS name, a.attname::pg_catalog.text AS column
  FROM family JOIN pg_catalog.pg_class c ON c.oid = family.oid
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relkind = 'f' AND a.attname = ANY ($3::pg_catalog.text[])
    AND NOT EXISTS (SELECT FROM pg_catalog.unnest(a.attfdwoptions) AS option WHERE option LIKE 'column_name=%')
  ORDER BY 1, 2`;

const INHERITED = `
  WITH ${FAMILY}
  SELECT pg_catalog.format('table %s', family.oid::pg_catalog.regclass) AS name, a.attname::pg_catalog.text AS column
  FROM family
  JOIN pg_catalog.pg_attribute a ON a.attrelid = family.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE a.attname = ANY ($3::pg_catalog.text[])
    AND EXISTS (SELECT FROM pg_catalog.pg_inherits i
                JOIN pg_catalog.pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname AND NOT p.attisdropped
                WHERE i.inhrelid = family.oid AND i.inhparent NOT IN (SELECT oid FROM family))
  ORDER BY 1, 2`;
