import type { IntrospectionCase } from "./introspection-cases.ts";

/**
 * What tools ask of the catalog that can't be run here, by their public sources: in words of our own, with what in
 * them asks most of Straddle (joins, whole rows, grouping, how a table is found by its name). Names of a window stand
 * in guillemets.
 */
export const CLIENT_CASES: readonly IntrospectionCase[] = [
  {
    title: "PostgREST 12: columns, by functions that take whole rows",
    sql: `SELECT k.relname, a.attname, information_schema._pg_char_max_length(information_schema._pg_truetypid(a.*, y.*), information_schema._pg_truetypmod(a.*, y.*)) AS size,
        CASE WHEN a.attgenerated = 's' THEN NULL ELSE pg_get_expr(f.adbin, f.adrelid)::text END AS fallback
      FROM pg_attribute a JOIN (pg_class k JOIN pg_namespace s ON s.oid = k.relnamespace) ON k.oid = a.attrelid JOIN pg_type y ON y.oid = a.atttypid
      LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum LEFT JOIN (SELECT t.typname AS y, a.enumlabel FROM pg_type t JOIN pg_enum a ON a.enumtypid = t.oid) e ON e.y = y.typname
      WHERE s.nspname = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped AND k.relkind IN ('r', 'v', 'm', 'p') ORDER BY 1, a.attnum`,
    params: ["{public}"],
  },
  {
    title: "PostgREST 12: rows that are not there",
    sql: "SELECT k.relname, information_schema._pg_truetypid(a.*, y.*) IS NULL AS none FROM pg_class k LEFT JOIN pg_attribute a ON a.attrelid = k.oid AND a.attname = '«user_id»' LEFT JOIN pg_type y ON y.oid = a.atttypid WHERE k.relnamespace = 'public'::regnamespace ORDER BY 1",
  },
  {
    title: "PostgREST 12: relationships",
    sql: `WITH keys AS (SELECT conrelid, jsonb_agg(found.names) AS names FROM pg_constraint JOIN LATERAL (SELECT array_agg(one.attname ORDER BY one.attnum) AS names
        FROM (SELECT unnest(conkey) AS num) _ JOIN pg_attribute one ON one.attrelid = conrelid AND one.attnum = num) found ON true WHERE contype IN ('p', 'u') GROUP BY conrelid)
      SELECT this.relname, that.relname, (this.relnamespace, this.relname) = (that.relnamespace, that.relname) AS own, pairs.both, pairs.names IN (SELECT * FROM jsonb_array_elements(keys.names)) AS single
      FROM pg_constraint c JOIN LATERAL (SELECT array_agg(ROW(here.attname, there.attname) ORDER BY n) AS both, jsonb_agg(here.attname ORDER BY n) AS names FROM unnest(c.conkey, c.confkey) WITH ORDINALITY AS _(a, b, n)
        JOIN pg_attribute here ON here.attrelid = c.conrelid AND here.attnum = a JOIN pg_attribute there ON there.attrelid = c.confrelid AND there.attnum = b) pairs ON true
      JOIN pg_class this ON this.oid = c.conrelid JOIN pg_class that ON that.oid = c.confrelid LEFT JOIN keys ON keys.conrelid = c.conrelid WHERE c.contype = 'f' ORDER BY c.conname`,
  },
  {
    title: "PostgREST 12: functions of a table's row type",
    sql: "WITH rows AS (SELECT reltype FROM pg_class WHERE relkind IN ('r', 'v')) SELECT p.proname, given.typname, back.typname FROM pg_proc p JOIN pg_type given ON given.oid = p.proargtypes[0] JOIN pg_type back ON back.oid = p.prorettype WHERE p.pronargs = 1 AND given.oid IN (SELECT reltype FROM rows) AND back.oid IN (SELECT reltype FROM rows)",
  },
  {
    title: "Supabase's postgres-meta 0.99: sizes, by names put together",
    sql: "SELECT k.relname, pg_total_relation_size(format('%I.%I', s.nspname, k.relname))::int8 > 0 AS used, pg_size_pretty(pg_table_size(format('%I.%I', s.nspname, k.relname))) FROM pg_namespace s JOIN pg_class k ON k.relnamespace = s.oid WHERE s.nspname = 'public' AND k.relkind IN ('r', 'p') ORDER BY 1",
    params: [],
  },
  {
    title: "Supabase's postgres-meta 0.99: primary keys, grouped by the table's",
    sql: "SELECT k.oid::int8, jsonb_agg(jsonb_build_object('table', k.relname, 'name', a.attname) ORDER BY array_position(i.indkey, a.attnum)) FROM pg_index i JOIN pg_class k ON k.oid = i.indrelid JOIN pg_namespace s ON s.oid = k.relnamespace JOIN pg_attribute a ON a.attrelid = k.oid AND a.attnum = ANY (i.indkey) WHERE s.nspname || '.' || k.relname = 'public.«person»' AND i.indisprimary GROUP BY k.oid",
  },
  {
    title: "Hasura 2: metadata of tracked tables",
    sql: `SELECT t.relname, jsonb_build_object('columns', cols.info, 'keys', pk.info, 'description', d.description) AS info
      FROM jsonb_to_recordset($1::jsonb) AS tracked(schema text, name text)
      LEFT JOIN (SELECT k.oid, k.relname, s.nspname FROM pg_class k JOIN pg_namespace s ON s.oid = k.relnamespace) t ON t.relname = tracked.name AND t.nspname = tracked.schema
      LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = t.oid AND d.objsubid = 0
      LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('name', "column".attname, 'type', y.typname, 'description', col_description(t.oid, "column".attnum)) ORDER BY "column".attnum) AS info FROM pg_attribute "column"
        JOIN (SELECT attrelid, attnum, attname, attidentity::text FROM pg_attribute CROSS JOIN (SELECT true) AS attidentity(there)) poly ON poly.attrelid = "column".attrelid AND poly.attnum = "column".attnum AND poly.attname = "column".attname
        LEFT JOIN pg_type y ON y.oid = "column".atttypid WHERE "column".attrelid = t.oid AND "column".attnum > 0) cols ON true
      LEFT JOIN LATERAL (SELECT jsonb_agg("column".attname) AS info FROM pg_index i JOIN pg_attribute "column" ON "column".attrelid = t.oid AND "column".attnum = ANY (i.indkey) WHERE i.indrelid = t.oid AND i.indisprimary) pk ON true ORDER BY 1`,
    params: ['[{"schema": "public", "name": "«person»"}, {"schema": "public", "name": "orders"}]'],
  },
  {
    title: "Npgsql 8 and pgjdbc 42.7: types, with those of arrays of rows",
    sql: "SELECT y.oid, y.typname, k.relkind, e.typname, e.oid FROM pg_type y LEFT JOIN pg_class k ON k.oid = y.typrelid LEFT JOIN pg_type e ON e.oid = y.typelem WHERE y.typnamespace = 'public'::regnamespace ORDER BY y.oid",
  },
  {
    title: "Npgsql 8: an array type by its name",
    sql: "SELECT y.typname, y.typelem::regtype::oid = e.oid AS same, e.typname FROM pg_type y JOIN pg_type e ON e.typarray = y.oid WHERE y.typname = '_«person»'",
  },
  {
    title: "EF Core 8's scaffolding: tables by name, with or without their schema",
    sql: "SELECT s.nspname, k.relname, d.description FROM pg_class k JOIN pg_namespace s ON s.oid = k.relnamespace LEFT JOIN pg_description d ON d.objoid = k.oid AND d.objsubid = 0 WHERE k.relname IN ('orders') OR quote_ident(s.nspname) || '.' || quote_ident(k.relname) IN ('public.«person»') ORDER BY 2",
  },
  {
    title: "EF Core 8's scaffolding: defaults, and expressions of indexes",
    sql: "SELECT k.relname, a.attname, CASE WHEN atthasdef THEN (SELECT pg_get_expr(adbin, k.oid) FROM pg_attrdef WHERE adrelid = k.oid AND adnum = a.attnum) END AS fallback, CASE WHEN i.indexprs IS NULL THEN NULL ELSE pg_get_expr(i.indexprs, k.oid) END AS exprs, pg_get_expr(i.indpred, k.oid) FROM pg_class k JOIN pg_attribute a ON attrelid = k.oid LEFT JOIN pg_index i ON i.indrelid = k.oid WHERE k.relname IN ('orders', '«person»') AND attnum > 0 ORDER BY 1, attnum, i.indexrelid",
  },
  {
    title: "pgAdmin 4: a column, with everything of it",
    sql: "SELECT c.attname AS name, c.*, f.*, pg_get_expr(f.adbin, f.adrelid) AS defval, concat(quote_ident(s.nspname), '.', quote_ident(k.relname)) AS parent FROM pg_attribute c JOIN pg_class k ON k.oid = c.attrelid JOIN pg_namespace s ON s.oid = k.relnamespace LEFT JOIN pg_attrdef f ON adrelid = c.attrelid AND adnum = c.attnum LEFT JOIN (pg_depend JOIN pg_class q ON classid = 'pg_class'::regclass AND objid = q.oid AND q.relkind = 'S') ON refobjid = c.attrelid AND refobjsubid = c.attnum WHERE c.attrelid = '«person»'::regclass::oid AND c.attnum > 0 ORDER BY c.attnum",
  },
  {
    title: "pgAdmin 4: triggers, with a system column and everything of another table",
    sql: "SELECT t.tgname AS name, t.xmin IS NULL AS none, t.*, k.relname, (SELECT array_agg(c.attname) FROM pg_attribute c WHERE c.attrelid = t.tgrelid AND c.attnum = ANY (t.tgattr)) AS names, substring(pg_get_triggerdef(t.oid), 'OF (\\w+)') FROM pg_trigger t JOIN pg_class k ON k.oid = tgrelid WHERE NOT tgisinternal ORDER BY 1",
  },
  {
    title: "pgAdmin 4: index columns, checks and policies",
    sql: "SELECT i.indexrelid::text, pg_get_indexdef(i.indexrelid, n, true) FROM pg_index i, generate_series(1, i.indnatts) n WHERE i.indrelid = 'orders'::regclass UNION ALL SELECT conname, pg_get_expr(conbin, conrelid, true) FROM pg_constraint WHERE contype = 'c' UNION ALL SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy ORDER BY 1, 2",
  },
  {
    title: "DBeaver 24: columns, tables and indexes with everything of them",
    sql: "SELECT k.relname, c.*, pg_catalog.pg_get_expr(f.adbin, f.adrelid, true) AS def_value FROM pg_catalog.pg_attribute c INNER JOIN pg_catalog.pg_class k ON (c.attrelid = k.oid) LEFT OUTER JOIN pg_catalog.pg_attrdef f ON (c.attrelid = f.adrelid AND c.attnum = f.adnum) WHERE NOT c.attisdropped AND k.oid = $1 ORDER BY c.attnum",
    params: ["1259"],
  },
  {
    title: "DataGrip: tables and columns, by the age of their rows",
    sql: "WITH t AS (SELECT DISTINCT k.oid AS id, k.relname AS name FROM pg_class k, pg_attribute a WHERE k.relnamespace = 'public'::regnamespace::oid AND a.attrelid = k.oid AND pg_catalog.age(a.xmin) <= 2147483647) SELECT t.name, c.attname, c.xmin IS NULL AS none, pg_get_expr(d.adbin, t.id) FROM t JOIN pg_attribute c ON c.attrelid = t.id LEFT JOIN pg_attrdef d ON (c.attrelid, c.attnum) = (d.adrelid, d.adnum) WHERE attnum > 0 ORDER BY t.id, attnum",
  },
  {
    title: "Atlas: columns and indexes",
    sql: "SELECT c.table_name, c.column_name, c.generation_expression, f.attidentity, pg_get_indexdef(i.indexrelid, 1, false) AS expression FROM information_schema.columns AS c JOIN pg_class AS k ON k.relname = c.table_name JOIN pg_attribute AS f ON f.attrelid = k.oid AND f.attname = c.column_name LEFT JOIN (SELECT *, unnest(indkey) AS num FROM pg_index) i ON (i.indrelid, i.num) = (f.attrelid, f.attnum) WHERE c.table_schema = 'public' AND c.table_name IN ('orders', '«person»') ORDER BY 1, c.ordinal_position, i.indexrelid",
  },
  {
    title: "GORM 1.25: HasColumn, HasTable, HasIndex",
    sql: "SELECT (SELECT count(*) FROM INFORMATION_SCHEMA.columns WHERE table_schema = CURRENT_SCHEMA() AND table_name = $1 AND column_name = $2), (SELECT count(*) FROM information_schema.tables WHERE table_name = $3 AND table_type = 'BASE TABLE'), (SELECT count(*) FROM pg_indexes WHERE tablename = $3 AND indexname = 'person_pkey')",
    params: ["orders", "«user_id»", "«person»"],
  },
  {
    title: "GORM 1.25: a column's comment, and its constraints",
    sql: "SELECT description FROM pg_description WHERE objsubid = (SELECT ordinal_position FROM information_schema.columns WHERE table_name = 'orders' AND column_name = '«user_id»') AND objoid = (SELECT oid FROM pg_class WHERE relname = 'orders') UNION ALL SELECT constraint_name FROM information_schema.table_constraints tc JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_catalog, table_name, constraint_name) JOIN information_schema.columns AS c ON tc.table_name = c.table_name AND ccu.column_name = c.column_name WHERE constraint_type = 'UNIQUE' AND c.table_name = 'orders' AND c.column_name = '«user_id»'",
  },
  {
    title: "Flyway: tables that belong to no extension, by regclass of names put together",
    sql: "SELECT t.table_name FROM information_schema.tables t LEFT JOIN pg_depend d ON d.objid = (quote_ident(t.table_schema) || '.' || quote_ident(t.table_name))::regclass::oid AND d.deptype = 'e' WHERE t.table_schema = 'public' AND d.objid IS NULL AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = (quote_ident(t.table_schema) || '.' || quote_ident(t.table_name))::regclass::oid) ORDER BY 1",
  },
  {
    title: "Debezium 2 and subscribers: a publication's tables, replica identity",
    sql: "SELECT tablename AS t, k.relreplident FROM pg_publication_tables JOIN pg_class k ON k.relname = tablename UNION ALL SELECT a.attname, a.attnum::text::\"char\" FROM pg_attribute a LEFT JOIN pg_index i ON i.indexrelid = pg_get_replica_identity_index('«person»'::regclass) WHERE a.attrelid = '«person»'::regclass AND a.attnum > 0 ORDER BY 1",
  },
  {
    title: "scripts: sizes and privileges by names",
    sql: "SELECT table_name::regclass::oid, pg_relation_size(quote_ident(table_name)), pg_table_size('\"' || table_schema || '\".\"' || table_name || '\"'), has_table_privilege(table_name, 'SELECT'), has_any_column_privilege(quote_ident(table_schema) || '.' || quote_ident(table_name), 'SELECT'), to_regclass(format('%I', table_name))::oid FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
    params: [],
  },
  {
    title: "scripts: names of outputs",
    sql: "SELECT relname::regclass, format('%I', relname)::regclass, ('' || relname)::regclass, quote_ident(relname)::regclass::oid FROM pg_class WHERE relname = 'orders'",
  },
  {
    title: "pg_dump 15: definitions by an OID in quotation marks",
    sql: "SELECT pg_get_partkeydef('1259'), pg_get_indexdef('2662', 0, true)",
  },
  {
    title: "scripts: counts, grouped by the table's key",
    sql: "SELECT k.relname, k.relkind, count(a.attname) FILTER (WHERE a.attname = '«user_id»') FROM pg_class k JOIN pg_attribute a ON a.attrelid = k.oid WHERE k.relnamespace = 'public'::regnamespace GROUP BY k.oid HAVING max(k.relname) IS NOT NULL ORDER BY k.relname",
  },
];
