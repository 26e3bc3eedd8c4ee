import type { IntrospectionCase } from "./introspection-cases.ts";

/** What object-relational mappers of JavaScript send, by what they log and by their sources. */
export const MAPPER_CASES: readonly IntrospectionCase[] = [
  {
    title: "TypeORM: tables and columns",
    sql: `SELECT columns.*,
      pg_catalog.col_description(('"' || table_catalog || '"."' || table_schema || '"."' || table_name || '"')::regclass::oid, ordinal_position) AS description,
      ('"' || "udt_schema" || '"."' || "udt_name" || '"')::"regtype" AS "regtype",
      pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type"
      FROM "information_schema"."columns"
      LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name"
        AND "col_attr"."attrelid" = (SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls"
          LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace"
          WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema")
      WHERE ("table_schema" = 'public' AND "table_name" = '«person»') OR ("table_schema" = 'public' AND "table_name" = 'orders')
      ORDER BY table_name, ordinal_position`,
    params: [],
  },
  {
    title: "TypeORM: constraints",
    sql: `SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "cnst"."conname" AS "constraint_name",
      pg_get_constraintdef("cnst"."oid") AS "expression", "cnst"."contype", "a"."attname" AS "column_name"
      FROM "pg_constraint" "cnst" INNER JOIN "pg_class" "t" ON "t"."oid" = "cnst"."conrelid"
      INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "cnst"."connamespace"
      LEFT JOIN "pg_attribute" "a" ON "a"."attrelid" = "cnst"."conrelid" AND "a"."attnum" = ANY ("cnst"."conkey")
      WHERE "t"."relkind" IN ('r', 'p') AND (("ns"."nspname" = 'public' AND "t"."relname" = 'orders') OR ("ns"."nspname" = 'public' AND "t"."relname" = '«person»'))
      ORDER BY 3, 6`,
  },
  {
    title: "TypeORM: indices",
    sql: `SELECT "t"."relname" AS "table_name", "i"."relname" AS "constraint_name", "a"."attname" AS "column_name",
      CASE "ix"."indisunique" WHEN 't' THEN 'TRUE' ELSE'FALSE' END AS "is_unique", pg_get_expr("ix"."indpred", "ix"."indrelid") AS "condition", "types"."typname" AS "type_name"
      FROM "pg_class" "t" INNER JOIN "pg_index" "ix" ON "ix"."indrelid" = "t"."oid"
      INNER JOIN "pg_attribute" "a" ON "a"."attrelid" = "t"."oid" AND "a"."attnum" = ANY ("ix"."indkey")
      INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "t"."relnamespace"
      INNER JOIN "pg_class" "i" ON "i"."oid" = "ix"."indexrelid" INNER JOIN "pg_type" "types" ON "types"."oid" = "a"."atttypid"
      LEFT JOIN "pg_constraint" "cnst" ON "cnst"."conname" = "i"."relname"
      WHERE "t"."relkind" IN ('r', 'p') AND "cnst"."contype" IS NULL AND "ns"."nspname" = 'public' ORDER BY 2, 3`,
  },
  {
    title: "TypeORM: foreign keys",
    sql: `SELECT "con"."conname" AS "constraint_name", "con"."relname" AS "table_name", "att2"."attname" AS "column_name",
      "cl"."relname" AS "referenced_table_name", "att"."attname" AS "referenced_column_name"
      FROM (SELECT UNNEST ("con1"."conkey") AS "parent", UNNEST ("con1"."confkey") AS "child", "con1"."confrelid", "con1"."conrelid", "con1"."conname", "ns"."nspname", "cl"."relname"
        FROM "pg_class" "cl" INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid"
        INNER JOIN "pg_constraint" "con1" ON "con1"."conrelid" = "cl"."oid" WHERE "con1"."contype" = 'f') "con"
      INNER JOIN "pg_attribute" "att" ON "att"."attrelid" = "con"."confrelid" AND "att"."attnum" = "con"."child"
      INNER JOIN "pg_class" "cl" ON "cl"."oid" = "con"."confrelid" AND "cl"."relispartition" = 'f'
      INNER JOIN "pg_attribute" "att2" ON "att2"."attrelid" = "con"."conrelid" AND "att2"."attnum" = "con"."parent" ORDER BY 1, 3`,
  },
  {
    title: "Sequelize: showIndexes",
    sql: "SELECT i.relname AS name, ix.indisprimary AS primary, ix.indisunique AS unique, ix.indkey AS indkey, array_agg(a.attnum) as column_indexes, array_agg(a.attname) AS column_names, pg_get_indexdef(ix.indexrelid) AS definition FROM pg_class t, pg_class i, pg_index ix, pg_attribute a WHERE t.oid = ix.indrelid AND i.oid = ix.indexrelid AND a.attrelid = t.oid AND t.relkind = 'r' and t.relname = '«person»' GROUP BY i.relname, ix.indexrelid, ix.indisprimary, ix.indisunique, ix.indkey ORDER BY i.relname",
  },
  {
    title: "Sequelize: describeTable",
    sql: `SELECT pk.constraint_type as "Constraint", c.column_name as "Field", c.column_default as "Default", c.is_nullable as "Null",
      (SELECT pgd.description FROM pg_catalog.pg_statio_all_tables AS st INNER JOIN pg_catalog.pg_description pgd on (pgd.objoid=st.relid) WHERE c.ordinal_position=pgd.objsubid AND c.table_name=st.relname) AS "Comment"
      FROM information_schema.columns c LEFT JOIN (SELECT tc.table_schema, tc.table_name, cu.column_name, tc.constraint_type
        FROM information_schema.TABLE_CONSTRAINTS tc JOIN information_schema.KEY_COLUMN_USAGE cu ON tc.table_schema=cu.table_schema and tc.table_name=cu.table_name and tc.constraint_name=cu.constraint_name and tc.constraint_type='PRIMARY KEY') pk
        ON pk.table_schema=c.table_schema AND pk.table_name=c.table_name AND pk.column_name=c.column_name
      WHERE c.table_name = 'orders' AND c.table_schema = 'public' ORDER BY c.ordinal_position`,
  },
  {
    title: "Prisma: columns",
    sql: `SELECT oid.namespace, info.table_name, info.column_name, format_type(att.atttypid, att.atttypmod) as formatted_type,
      pg_get_expr(attdef.adbin, attdef.adrelid) AS column_default, info.is_nullable, description.description
      FROM information_schema.columns info
      JOIN pg_attribute att ON att.attname = info.column_name
      JOIN (SELECT pg_class.oid, relname, pg_namespace.nspname as namespace FROM pg_class JOIN pg_namespace on pg_namespace.oid = pg_class.relnamespace AND pg_namespace.nspname = ANY ($1)
        WHERE reltype > 0) as oid on oid.oid = att.attrelid AND relname = info.table_name AND namespace = info.table_schema
      LEFT JOIN pg_attrdef attdef ON attdef.adrelid = att.attrelid AND attdef.adnum = att.attnum AND table_schema = namespace
      LEFT JOIN pg_description description ON description.objoid = att.attrelid AND description.objsubid = att.attnum
      WHERE table_schema = ANY ($1) ORDER BY namespace, table_name, ordinal_position`,
    params: ["{public}"],
  },
  {
    title: "Prisma: indexes",
    sql: `WITH rawindex AS (SELECT indrelid, indexrelid, indisunique, indisprimary, unnest(indkey) AS indkeyid, generate_subscripts(indkey, 1) AS indkeyidx FROM pg_index WHERE indpred IS NULL AND NOT indisexclusion)
      SELECT schemainfo.nspname AS namespace, indexinfo.relname AS index_name, tableinfo.relname AS table_name, columninfo.attname AS column_name, rawindex.indkeyidx AS column_index, pg_get_constraintdef(constr.oid) AS constraint_definition
      FROM rawindex INNER JOIN pg_class AS tableinfo ON tableinfo.oid = rawindex.indrelid
      INNER JOIN pg_class AS indexinfo ON indexinfo.oid = rawindex.indexrelid INNER JOIN pg_namespace AS schemainfo ON schemainfo.oid = tableinfo.relnamespace
      LEFT JOIN pg_attribute AS columninfo ON columninfo.attrelid = tableinfo.oid AND columninfo.attnum = rawindex.indkeyid
      LEFT JOIN pg_constraint constr ON rawindex.indexrelid = constr.conindid AND constr.contype <> 'f'
      WHERE schemainfo.nspname = ANY ($1) AND tableinfo.relispartition = 'f' ORDER BY namespace, table_name, index_name, column_index`,
    params: ["{public}"],
  },
  {
    title: "Drizzle: columns",
    sql: `SELECT a.attrelid::regclass::text, a.attname, is_nullable, pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) AS sequence, c.column_default
      FROM pg_attribute a JOIN information_schema.columns c ON c.column_name = a.attname
      WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = '"public"."«person»"'::regclass AND c.table_name = '«person»' AND c.table_schema = 'public' ORDER BY a.attnum`,
    params: [],
  },
  {
    title: "Drizzle: constraints",
    sql: "SELECT c.column_name, c.data_type, constraint_type, constraint_name, constraint_schema FROM information_schema.table_constraints tc JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name) JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema AND tc.table_name = c.table_name AND ccu.column_name = c.column_name WHERE tc.table_name = 'orders' and constraint_schema = 'public' ORDER BY 4, 1",
  },
  {
    title: "Drizzle: indexes",
    sql: `SELECT DISTINCT ON (t.relname, ic.relname, k.i) t.relname as table_name, ic.relname AS indexname, k.i AS index_order, coalesce(a.attname, (('{' || pg_get_expr(i.indexprs, i.indrelid) || '}')::text[])[k.i]) AS column_name
      FROM pg_class t LEFT JOIN pg_index i ON t.oid = i.indrelid LEFT JOIN pg_class ic ON ic.oid = i.indexrelid CROSS JOIN LATERAL (SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1) + 1) AS k(attnum, i)
      LEFT JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND k.attnum = a.attnum JOIN pg_namespace c on c.oid = t.relnamespace
      WHERE c.nspname = 'public' AND t.relname = '«person»' ORDER BY t.relname, ic.relname, k.i`,
  },
  {
    title: "Kysely: tables",
    sql: `select "a"."attname" as "column", "c"."relname" as "table", "ns"."nspname" as "schema", "typ"."typname" as "type",
      col_description(a.attrelid, a.attnum) as "column_description", pg_get_serial_sequence(quote_ident(ns.nspname) || '.' || quote_ident(c.relname), a.attname) as "auto_incrementing"
      from "pg_catalog"."pg_attribute" as "a" inner join "pg_catalog"."pg_class" as "c" on "a"."attrelid" = "c"."oid" inner join "pg_catalog"."pg_namespace" as "ns" on "c"."relnamespace" = "ns"."oid" inner join "pg_catalog"."pg_type" as "typ" on "a"."atttypid" = "typ"."oid"
      where "c"."relkind" in ($1, $2) and "ns"."nspname" = 'public' and "a"."attnum" >= 0 and "a"."attisdropped" != true order by "ns"."nspname", "c"."relname", "a"."attnum"`,
    params: ["r", "v"],
  },
  {
    title: "Knex: columnInfo and hasColumn",
    sql: "select * from information_schema.columns where table_name = $1 and table_schema = current_schema() and column_name = $2",
    params: ["orders", "«user_id»"],
  },
];
