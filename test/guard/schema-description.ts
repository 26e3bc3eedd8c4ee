import type pg from "pg";

/** All that pg_catalog says of the schema `app`, but for OIDs and the places of dropped columns. */
const QUERIES: readonly string[] = [
  `SELECT 'relation', relname, relkind, relpersistence, reloptions, relreplident, spcname,
          pg_get_viewdef(CASE WHEN relkind IN ('v', 'm') THEN c.oid END),
          pg_get_partkeydef(c.oid), pg_get_expr(relpartbound, c.oid)
   FROM pg_class c LEFT JOIN pg_tablespace s ON s.oid = reltablespace
   WHERE relnamespace = 'app'::regnamespace ORDER BY 2`,
  `SELECT 'column', relname, attname, row_number() OVER (PARTITION BY attrelid ORDER BY attnum),
          format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attcollation::regcollation,
          pg_get_expr(adbin, adrelid)
   FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
   LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
   WHERE relnamespace = 'app'::regnamespace AND attnum > 0 AND NOT attisdropped ORDER BY 2, 4`,
  `SELECT 'constraint', conrelid::regclass, conname, contype, convalidated, condeferrable, condeferred,
          conindid::regclass, pg_get_constraintdef(oid)
   FROM pg_constraint WHERE connamespace = 'app'::regnamespace ORDER BY 2, 3`,
  `SELECT 'index', indexrelid::regclass, indisunique, indisprimary, indisvalid, indisready, indimmediate,
          pg_get_indexdef(indexrelid)
   FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE relnamespace = 'app'::regnamespace ORDER BY 2`,
  `SELECT 'trigger', tgrelid::regclass, tgname, pg_get_triggerdef(t.oid)
   FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
   WHERE relnamespace = 'app'::regnamespace AND NOT tgisinternal ORDER BY 2, 3`,
  `SELECT 'sequence', seqrelid::regclass, format_type(seqtypid, NULL), seqstart, seqincrement, refobjid::regclass, refobjsubid, deptype
   FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
   LEFT JOIN pg_depend d ON d.objid = seqrelid AND d.classid = 'pg_class'::regclass AND deptype IN ('a', 'i')
   WHERE relnamespace = 'app'::regnamespace ORDER BY 2`,
  `SELECT 'function', oid::regprocedure, prosrc FROM pg_proc WHERE pronamespace = 'app'::regnamespace ORDER BY 2`,
  `SELECT 'enum value', enumtypid::regtype, enumlabel, row_number() OVER (PARTITION BY enumtypid ORDER BY enumsortorder)
   FROM pg_enum JOIN pg_type t ON t.oid = enumtypid WHERE typnamespace = 'app'::regnamespace ORDER BY 2, 4`,
];

export async function describeSchema(client: pg.Client): Promise<string> {
  const lines: string[] = [];
  for (const text of QUERIES) {
    const { rows } = await client.query<unknown[]>({ text, rowMode: "array" });
    lines.push(...rows.map((row) => row.map((value) => JSON.stringify(value)).join(" ")));
  }
  return lines.join("\n");
}
