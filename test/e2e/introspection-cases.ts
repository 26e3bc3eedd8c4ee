/**
 * What clients ask of the catalog. Names of a window stand in guillemets, under their old names.
 * `params` makes it a named statement of the extended protocol, which is prepared once and used again
 * after the names have changed.
 */
export interface IntrospectionCase {
  readonly title: string;
  readonly sql: string;
  readonly params?: readonly string[];
}

/** By hand: each relation that shows names, and each way to ask for them. */
export const RELATION_CASES: readonly IntrospectionCase[] = [
  {
    title: "pg_attribute, by oid",
    sql: "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 ORDER BY attnum",
    params: [],
  },
  {
    title: "pg_attribute, a parameter is the name",
    sql: "SELECT attnum, attname FROM pg_catalog.pg_attribute a WHERE attrelid = 'orders'::regclass AND attname = $1",
    params: ["«user_id»"],
  },
  {
    title: "pg_attribute, the other version's name",
    sql: "SELECT attnum FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname IN ('user_id', 'customer_id') AND attname <> '«user_id»'",
  },
  {
    title: "everything of pg_attribute",
    sql: "SELECT * FROM pg_attribute WHERE attrelid = 'orders'::regclass ORDER BY attnum",
  },
  {
    title: "qualified by the relation's own name",
    sql: "SELECT pg_attribute.attname FROM pg_catalog.pg_attribute WHERE pg_attribute.attrelid = 'orders'::regclass ORDER BY pg_attribute.attnum",
  },
  {
    title: "qualified by schema and relation",
    sql: "SELECT pg_catalog.pg_attribute.attname, pg_attribute.* FROM pg_catalog.pg_attribute WHERE pg_catalog.pg_attribute.attrelid = 'orders'::regclass ORDER BY pg_catalog.pg_attribute.attnum",
  },
  {
    title: "TABLE, ONLY, a star behind, an alias list",
    sql: "SELECT (SELECT count(*) FROM (TABLE pg_attribute) x WHERE attname = '«user_id»'), (SELECT count(*) FROM ONLY pg_attribute x WHERE attname = '«user_id»'), (SELECT count(*) FROM pg_attribute * WHERE attname = '«user_id»'), (SELECT count(*) FROM pg_attribute AS x(y, z) WHERE z = '«user_id»')",
  },
  {
    title: "system columns",
    sql: "SELECT attname, a.xmin IS NOT NULL, a.tableoid FROM pg_attribute a WHERE attrelid = 'orders'::regclass ORDER BY a.attnum",
  },
  {
    title: "a whole row",
    sql: "SELECT row_to_json(a)->>'attname', a IS NULL FROM pg_attribute a WHERE attrelid = 'orders'::regclass ORDER BY attnum",
  },
  {
    title: "grouped by a primary key",
    sql: "SELECT c.oid, c.relkind, array_agg(a.attname ORDER BY a.attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 GROUP BY c.oid ORDER BY c.oid",
  },
  {
    title: "grouped, and nothing else of the table shown",
    sql: "SELECT c.oid, c.relname, count(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relname = '«person»' GROUP BY c.oid, 2",
  },
  {
    title: "grouped by another relation's key",
    sql: "SELECT n.nspname, c.relkind, string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' GROUP BY n.oid, c.relkind ORDER BY 2",
  },
  {
    title: "grouped by a key under its position or another name",
    sql: "SELECT oid AS key, relname FROM pg_class WHERE relname = '«person»' GROUP BY key; SELECT oid, relname FROM pg_class WHERE relname = '«person»' GROUP BY 1",
  },
  {
    title: "a row lock",
    sql: "SELECT relname FROM pg_class c WHERE relname = '«person»' FOR UPDATE OF c",
  },
  {
    title: "in a WITH query, which has the name of a catalog",
    sql: "WITH pg_class AS (SELECT relname AS x FROM pg_catalog.pg_class WHERE relname = '«person»') SELECT x FROM pg_class",
  },
  {
    title: "written into a table",
    sql: "CREATE TEMP TABLE names AS SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass; INSERT INTO names SELECT relname FROM pg_class WHERE oid = 'items'::regclass; UPDATE names SET attname = upper(names.attname) FROM pg_attribute a WHERE a.attname = names.attname AND a.attrelid = 'orders'::regclass; SELECT * FROM names ORDER BY attname",
  },
  {
    title: "with the tables themselves beside it",
    sql: "SELECT a.attname, o.«user_id» FROM pg_attribute a JOIN orders o ON o.id = 1 WHERE a.attrelid = 'orders'::regclass AND a.attname = '«user_id»'",
  },
  {
    title: "pg_class",
    sql: "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
  },
  {
    title: "pg_type has a table's row type",
    sql: "SELECT typname FROM pg_type WHERE typrelid IN (SELECT oid FROM pg_class WHERE relname IN ('«person»', 'orders')) ORDER BY 1",
  },
  {
    title: "pg_tables, pg_indexes, pg_stats",
    sql: "SELECT tablename, hasindexes FROM pg_tables WHERE schemaname = 'public' UNION ALL SELECT tablename || indexname || indexdef, true FROM pg_indexes WHERE schemaname = 'public' UNION ALL SELECT tablename || attname, null_frac = 0 FROM pg_stats WHERE schemaname = 'public' ORDER BY 1, 2",
  },
  {
    title: "statistics of use",
    sql: "SELECT relname FROM pg_stat_user_tables UNION ALL SELECT relname || indexrelname FROM pg_stat_user_indexes UNION ALL SELECT relname FROM pg_statio_user_tables ORDER BY 1",
  },
  {
    title: "information_schema.columns",
    sql: "SELECT table_name, column_name, data_type, ordinal_position FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 4",
  },
  {
    title: "information_schema.columns, by parameters",
    sql: "SELECT table_name, ordinal_position FROM information_schema.columns WHERE table_schema = $1 AND column_name = $2 AND table_name = $3",
    params: ["public", "«full_name»", "«person»"],
  },
  {
    title: "information_schema, qualified by schema and view",
    sql: "SELECT information_schema.columns.column_name FROM information_schema.columns WHERE information_schema.columns.table_name = 'orders' ORDER BY columns.ordinal_position",
  },
  {
    title: "information_schema by search_path",
    sql: "SET LOCAL search_path = information_schema, public; SELECT table_name FROM views WHERE table_name = 'big'",
  },
  {
    title: "information_schema.tables and views",
    sql: "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
  },
  {
    title: "keys",
    sql: "SELECT kcu.*, ccu.table_name AS other, ccu.column_name AS other_column FROM information_schema.key_column_usage kcu JOIN information_schema.constraint_column_usage ccu USING (constraint_schema, constraint_name) WHERE kcu.table_schema = 'public' ORDER BY kcu.constraint_name, kcu.ordinal_position, ccu.column_name",
  },
  {
    title: "constraints",
    sql: "SELECT * FROM information_schema.table_constraints WHERE table_schema = 'public' AND constraint_name !~ '_not_null$' ORDER BY constraint_name",
  },
  {
    title: "constraints by table",
    sql: "SELECT * FROM information_schema.constraint_table_usage WHERE table_schema = 'public' ORDER BY constraint_name",
  },
  {
    title: "privileges",
    sql: "SELECT table_name, column_name, privilege_type FROM information_schema.column_privileges WHERE table_schema = 'public' UNION ALL SELECT table_name, NULL, privilege_type FROM information_schema.table_privileges WHERE table_schema = 'public' ORDER BY 1, 2, 3",
  },
  {
    title: "what a view uses",
    sql: "SELECT * FROM information_schema.view_column_usage ORDER BY table_name, column_name",
  },
  {
    title: "generated columns",
    sql: "SELECT * FROM information_schema.column_column_usage ORDER BY table_name",
  },
  {
    title: "triggers and their columns",
    sql: "SELECT event_object_table, trigger_name FROM information_schema.triggers UNION ALL SELECT event_object_table, event_object_column FROM information_schema.triggered_update_columns ORDER BY 1, 2",
  },
  {
    title: "operators, types and functions in front of pg_catalog's",
    sql: "SET LOCAL search_path = evil, pg_catalog, public; SELECT attname FROM pg_attribute WHERE attrelid OPERATOR(pg_catalog.=) 'orders'::regclass ORDER BY attnum; SELECT column_name FROM information_schema.columns WHERE table_schema OPERATOR(pg_catalog.=) 'public' ORDER BY table_name, ordinal_position; SELECT pg_get_indexdef(indexrelid), indexrelid::regclass::text FROM pg_index ORDER BY indexrelid; SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname OPERATOR(pg_catalog.<>) 'x' AND contype OPERATOR(pg_catalog.<>) 'n' ORDER BY oid",
  },
  {
    title: "an error's position",
    sql: "SELECT attname, nothing FROM pg_attribute WHERE attrelid = 1",
  },
  {
    title: "a namesake beside it",
    sql: "SELECT count(*) > 0 FROM information_schema.tables, public.tables",
  },
];

/** Functions that give definitions as text, and names in constants. */
export const FUNCTION_CASES: readonly IntrospectionCase[] = [
  {
    title: "pg_get_indexdef",
    sql: "SELECT pg_get_indexdef(indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace ORDER BY indexrelid",
    params: [],
  },
  {
    title: "pg_get_indexdef, by column, and as the server's pretty text",
    sql: "SELECT pg_catalog.pg_get_indexdef(i.indexrelid, 0, true) AS whole, pg_get_indexdef(i.indexrelid, 1, false), pg_get_indexdef(i.indexrelid, 2, true) FROM pg_index i WHERE indrelid = 'orders'::regclass OR indrelid = $1::regclass ORDER BY indexrelid",
    params: ["orders"],
  },
  {
    title: "pg_get_constraintdef",
    sql: "SELECT conname, pg_get_constraintdef(oid), pg_get_constraintdef(pg_constraint.oid, true) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conname !~ '_not_null$' ORDER BY conname",
  },
  {
    title: "pg_get_expr",
    sql: "SELECT pg_get_expr(d.adbin, d.adrelid), pg_get_expr(d.adbin, d.adrelid, true) FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid WHERE c.relnamespace = 'public'::regnamespace ORDER BY d.oid",
  },
  {
    title: "pg_get_expr of an index, and a partition's key",
    sql: "SELECT pg_get_expr(indpred, indrelid), pg_get_expr(indexprs, indrelid, true) FROM pg_index WHERE indrelid = 'orders'::regclass ORDER BY indexrelid; SELECT pg_get_partkeydef('parted'::regclass), pg_get_partkeydef(partrelid) FROM pg_partitioned_table",
  },
  {
    title: "pg_get_triggerdef",
    sql: "SELECT pg_get_triggerdef(oid), pg_get_triggerdef(oid, true) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname",
  },
  {
    title: "definitions grouped, sorted and gathered",
    sql: "SELECT pg_get_constraintdef(oid) d, count(*) FROM pg_constraint WHERE contype = 'f' GROUP BY pg_get_constraintdef(oid) ORDER BY 1; SELECT conrelid, array_agg(pg_get_constraintdef(oid) ORDER BY conname) FROM pg_constraint WHERE contype IN ('f', 'c') GROUP BY 1 ORDER BY 1",
  },
  {
    title: "a definition in WHERE",
    sql: "SELECT conname FROM pg_constraint WHERE pg_get_constraintdef(oid) LIKE '%«user_id»%' ORDER BY 1",
  },
  {
    title: "of a parameter",
    sql: "SELECT pg_get_partkeydef($1), pg_get_indexdef($2, 0, true) IS NULL",
    params: ["1259", "1259"],
  },
  {
    title: "by a cursor and MERGE",
    sql: "CREATE TEMP TABLE seen (x text); MERGE INTO seen USING pg_attribute a ON a.attname = x WHEN NOT MATCHED AND a.attrelid = 'orders'::regclass THEN INSERT VALUES (a.attname); SELECT * FROM seen ORDER BY x; DECLARE c CURSOR FOR SELECT relname, pg_get_indexdef(i.indexrelid) FROM pg_class JOIN pg_index i ON i.indrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2; FETCH ALL FROM c",
  },
  {
    title: "backslashes that escape: what can be read in two ways is left as it is",
    sql: "SET standard_conforming_strings = off; SELECT 'a\\' FROM pg_attribute x', relname FROM pg_class WHERE relname = 'items'; RESET standard_conforming_strings",
  },
  {
    title: "of nothing",
    sql: "SELECT pg_get_indexdef(0), pg_get_constraintdef(oid) FROM pg_class WHERE relname = 'orders'",
  },
  {
    title: "regclass",
    sql: "SELECT '«person»'::regclass::oid, 'public.\"«person»\"'::regclass::oid, to_regclass('«person»')::oid",
    params: [],
  },
  {
    title: "regclass of a text that is put together, as an OID",
    sql: "SELECT ('public.' || '«person»')::regclass::oid",
  },
  { title: "regclass of a name that is not there", sql: "SELECT 'nobody'::regclass" },
  {
    title: "to_regclass of the other version's name",
    sql: "SELECT to_regclass('people') IS NULL, to_regclass('person') IS NULL",
  },
  {
    title: "regtype, of both versions' names",
    sql: "SELECT '«person»'::regtype::oid, to_regtype('people') IS NULL, to_regtype('person') IS NULL",
  },
  {
    title: "privileges by name",
    sql: "SELECT has_table_privilege('«person»', 'SELECT'), has_column_privilege('orders', '«user_id»', 'SELECT'), has_column_privilege('postgres', 'orders'::text, '«user_id»'::text, 'SELECT')",
    params: [],
  },
  {
    title: "the privilege of a column that is not there",
    sql: "SELECT has_column_privilege('orders', 'nothing', 'SELECT')",
  },
  {
    title: "a serial's sequence",
    sql: "SELECT pg_get_serial_sequence('«person»', '«full_name»'), pg_get_serial_sequence('\"orders\"', '«user_id»')",
    params: [],
  },
];

/** Commands of psql, which asks by several statements each. */
export const PSQL_COMMANDS: readonly string[] = [
  "\\d",
  "\\dt",
  "\\di",
  "\\dt+ public.*",
  "\\d orders",
  "\\d+ orders",
  "\\d public.orders",
  "\\d «person»",
  "\\d items",
  "\\d+ items",
  "\\d parted",
  "\\d+ parted",
  "\\d parted_low",
  "\\d+ parted_low",
  "\\d user_idx",
  "\\d ord*",
  "\\dp orders",
  "\\dd",
  "\\d nobody",
];
