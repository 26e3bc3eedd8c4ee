import type pg from "pg";
import { tableNamesOf, type Window } from "../../version/window.ts";
import { type BlindSpot, columnsOf, FAMILY } from "./blind-spot.ts";

/**
 * What holds the column by its number, and so follows a rename: views, rules, policies, defaults, generated columns,
 * constraints, indexes, statistics, triggers' columns and conditions, publications' columns and
 * filters, partition keys, SQL-standard bodies. They are named so that nobody wonders.
 */
export async function findDependents(client: pg.Client, window: Window): Promise<BlindSpot[]> {
  const { rows } = await client.query<{ name: string; column: string }>(DEPENDENTS, [
    window.schema,
    tableNamesOf(window),
    columnsOf(window),
  ]);
  return rows.map(({ name, column }) => ({
    kind: "follows",
    object: name,
    text: `uses ${column} and follows the rename by itself`,
  }));
}

// The index of a key is made of its constraint; the column's own default of itself.
const DEPENDENTS = `
  WITH ${FAMILY}
  SELECT DISTINCT
         CASE WHEN d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = d.refobjid
              THEN pg_catalog.format('partition key of %s', d.objid::pg_catalog.regclass)
              ELSE pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) END AS name,
         a.attname::pg_catalog.text AS column
  FROM family
  JOIN pg_catalog.pg_attribute a ON a.attrelid = family.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                             AND d.refobjid = family.oid AND d.refobjsubid = a.attnum
  WHERE a.attname = ANY ($3::pg_catalog.text[])
    AND NOT (d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
             AND EXISTS (SELECT FROM pg_catalog.pg_attrdef f
                         WHERE f.oid = d.objid AND f.adrelid = family.oid AND f.adnum = a.attnum))
    AND NOT (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = d.refobjid AND d.objsubid > 0)
  ORDER BY 1, 2`;
