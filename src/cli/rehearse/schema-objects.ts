/**
 * What a schema is made of, as statements that make it again: read from the catalog by PostgreSQL's own
 * functions, so that nothing has to be installed beside Straddle. Queries in the order in which their
 * objects are made; each gives `what` and `sql`. They run with `search_path = pg_catalog`, so that all
 * other names come with their schemas.
 *
 * Left out since they change nothing about names: foreign keys, plain indexes, policies, owners, grants, data.
 * Left out although a statement could need them: see `UNCOPIED`.
 */
const OWN = `nspname !~ '^pg_' AND nspname <> 'information_schema'`;

function notOfExtension(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalog}'::regclass
                      AND e.objid = ${oid} AND e.deptype = 'e')`;
}

const SCHEMAS = `
  SELECT format('schema %I', nspname) AS what, format('CREATE SCHEMA IF NOT EXISTS %I', nspname) AS sql
  FROM pg_namespace n WHERE ${OWN} AND ${notOfExtension("pg_namespace", "n.oid")} ORDER BY n.oid`;

const EXTENSIONS = `
  SELECT format('extension %I', extname) AS what,
         format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I CASCADE', extname, nspname) AS sql
  FROM pg_extension x JOIN pg_namespace n ON n.oid = extnamespace
  WHERE extname <> 'plpgsql' ORDER BY x.oid`;

const ENUMS = `
  SELECT format('type %I.%I', nspname, typname) AS what,
         format('CREATE TYPE %I.%I AS ENUM (%s)', nspname, typname,
                (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
                 FROM pg_enum WHERE enumtypid = t.oid)) AS sql
  FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
  WHERE typtype = 'e' AND ${OWN} AND ${notOfExtension("pg_type", "t.oid")} ORDER BY t.oid`;

const DOMAINS = `
  SELECT format('domain %I.%I', nspname, typname) AS what,
         format('CREATE DOMAIN %I.%I AS %s%s%s%s', nspname, typname, format_type(typbasetype, typtypmod),
                ' DEFAULT ' || pg_get_expr(typdefaultbin, 0), CASE WHEN typnotnull THEN ' NOT NULL' END,
                (SELECT string_agg(format(' CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)), '')
                 FROM pg_constraint WHERE contypid = t.oid AND contype = 'c')) AS sql
  FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
  WHERE typtype = 'd' AND ${OWN} AND ${notOfExtension("pg_type", "t.oid")} ORDER BY t.oid`;

const COMPOSITES = `
  SELECT format('type %I.%I', nspname, relname) AS what,
         format('CREATE TYPE %I.%I AS (%s)', nspname, relname,
                (SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
                 FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)) AS sql
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind = 'c' AND ${OWN} AND ${notOfExtension("pg_type", "c.reltype")} ORDER BY c.oid`;

const RANGES = `
  SELECT format('type %I.%I', nspname, typname) AS what,
         format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s)', nspname, typname, format_type(rngsubtype, NULL)) AS sql
  FROM pg_range r JOIN pg_type t ON t.oid = rngtypid JOIN pg_namespace n ON n.oid = typnamespace
  WHERE ${OWN} AND ${notOfExtension("pg_type", "t.oid")} ORDER BY t.oid`;

const SEQUENCES = `
  SELECT format('sequence %I.%I', nspname, relname) AS what,
         format('CREATE SEQUENCE %I.%I AS %s', nspname, relname, format_type(seqtypid, NULL)) AS sql
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
  WHERE ${OWN} AND ${notOfExtension("pg_class", "c.oid")}
    AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_class'::regclass
                    AND i.objid = c.oid AND i.deptype = 'i') ORDER BY c.oid`;

const FUNCTIONS = `
  SELECT format('function %s', p.oid::regprocedure) AS what, pg_get_functiondef(p.oid) AS sql
  FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
  WHERE prokind <> 'a' AND ${OWN} AND ${notOfExtension("pg_proc", "p.oid")} ORDER BY p.oid`;

// Partitions and heirs are made by themselves and attached, so that their columns keep their own order.
// A foreign table becomes a plain one.
const TABLES = `
  SELECT format('table %I.%I', nspname, relname) AS what,
         format('CREATE TABLE %I.%I (%s)%s', nspname, relname,
                (SELECT string_agg(
                   format('%I %s%s%s%s%s', attname, format_type(atttypid, atttypmod),
                          (SELECT format(' COLLATE %I.%I', ns.nspname, collname)
                           FROM pg_collation co JOIN pg_namespace ns ON ns.oid = collnamespace
                           WHERE co.oid = attcollation AND attcollation <> typcollation),
                          CASE WHEN attgenerated <> '' THEN
                            format(' GENERATED ALWAYS AS (%s) %s', pg_get_expr(adbin, adrelid),
                                   CASE attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END) END,
                          CASE WHEN relispartition THEN '' WHEN attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
                               WHEN attidentity = 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' END,
                          CASE WHEN attnotnull THEN ' NOT NULL' END), ', ' ORDER BY attnum)
                 FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
                 LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
                 WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
                CASE WHEN relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) END) AS sql
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind IN ('r', 'p', 'f') AND relpersistence <> 't' AND ${OWN}
    AND ${notOfExtension("pg_class", "c.oid")} ORDER BY c.oid`;

const OF_TABLES = `
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  JOIN pg_constraint k ON conrelid = c.oid
  WHERE relpersistence <> 't' AND ${OWN} AND ${notOfExtension("pg_class", "c.oid")}`;

const CHECKS = `
  SELECT format('constraint %I on %I.%I', conname, nspname, relname) AS what,
         format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', nspname, relname, conname, pg_get_constraintdef(k.oid)) AS sql
  ${OF_TABLES} AND contype = 'c' AND conparentid = 0 ORDER BY k.oid`;

const HEIRS = `
  SELECT format('partition or heir %s', inhrelid::regclass) AS what,
         CASE WHEN c.relispartition
           THEN format('ALTER TABLE %s ATTACH PARTITION %s %s', inhparent::regclass, inhrelid::regclass,
                       pg_get_expr(c.relpartbound, c.oid))
           ELSE format('ALTER TABLE %s INHERIT %s', inhrelid::regclass, inhparent::regclass) END AS sql
  FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind IN ('r', 'p', 'f') AND relpersistence <> 't' AND ${OWN}
    AND ${notOfExtension("pg_class", "c.oid")} ORDER BY inhrelid, inhseqno`;

// ON CONFLICT and GROUP BY look at them.
const KEYS = `
  SELECT format('constraint %I on %I.%I', conname, nspname, relname) AS what,
         format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', nspname, relname, conname, pg_get_constraintdef(k.oid)) AS sql
  ${OF_TABLES} AND contype IN ('p', 'u', 'x') AND conparentid = 0 ORDER BY k.oid`;

const UNIQUE_INDEXES = `
  SELECT format('index %I.%I', nspname, relname) AS what,
         regexp_replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ') AS sql
  FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace
  WHERE indisunique AND NOT relispartition AND relpersistence <> 't' AND ${OWN}
    AND ${notOfExtension("pg_class", "i.indrelid")}
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
  ORDER BY c.oid`;

const VIEWS = `
  SELECT format('view %I.%I', nspname, relname) AS what,
         format('CREATE %s %I.%I (%s) AS %s%s', CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END,
                nspname, relname,
                (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
                 FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
                rtrim(pg_get_viewdef(c.oid), '; '), CASE relkind WHEN 'm' THEN ' WITH NO DATA' END) AS sql
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind IN ('v', 'm') AND relpersistence <> 't' AND ${OWN}
    AND ${notOfExtension("pg_class", "c.oid")} ORDER BY c.oid`;

const DEFAULTS = `
  SELECT format('default of %I.%I.%I', nspname, relname, attname) AS what,
         format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I SET DEFAULT %s', nspname, relname, attname,
                pg_get_expr(adbin, adrelid)) AS sql
  FROM pg_attrdef d JOIN pg_class c ON c.oid = adrelid JOIN pg_namespace n ON n.oid = relnamespace
  JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
  WHERE attgenerated = '' AND relpersistence <> 't' AND ${OWN}
    AND ${notOfExtension("pg_class", "c.oid")} ORDER BY d.oid`;

const RULES = `
  SELECT format('rule %I on %s', rulename, ev_class::regclass) AS what, pg_get_ruledef(r.oid) AS sql
  FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class JOIN pg_namespace n ON n.oid = relnamespace
  WHERE rulename <> '_RETURN' AND relpersistence <> 't' AND ${OWN}
    AND ${notOfExtension("pg_class", "c.oid")} ORDER BY r.oid`;

const TRIGGERS = `
  SELECT format('trigger %I on %s', tgname, tgrelid::regclass) AS what, pg_get_triggerdef(t.oid) AS sql
  FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace
  WHERE NOT tgisinternal AND tgparentid = 0 AND relpersistence <> 't' AND ${OWN}
    AND ${notOfExtension("pg_class", "c.oid")} ORDER BY t.oid`;

export const OBJECT_QUERIES: readonly string[] = [
  SCHEMAS,
  EXTENSIONS,
  ENUMS,
  DOMAINS,
  COMPOSITES,
  RANGES,
  SEQUENCES,
  FUNCTIONS,
  TABLES,
  CHECKS,
  HEIRS,
  KEYS,
  UNIQUE_INDEXES,
  VIEWS,
  DEFAULTS,
  RULES,
  TRIGGERS,
];

/** What is not copied, and so would make a statement that needs it fail on the copy: counted by kind. */
export const UNCOPIED = `
  SELECT kind, count(*)::int AS count FROM (
    SELECT 'aggregate' AS kind, pronamespace AS schema, 'pg_proc'::regclass AS class, oid
      FROM pg_proc WHERE prokind = 'a'
    UNION ALL SELECT 'operator', oprnamespace, 'pg_operator'::regclass, oid FROM pg_operator
    UNION ALL SELECT 'collation', collnamespace, 'pg_collation'::regclass, oid FROM pg_collation
    UNION ALL SELECT 'text search configuration', cfgnamespace, 'pg_ts_config'::regclass, oid FROM pg_ts_config
  ) AS other JOIN pg_namespace n ON n.oid = other.schema
  WHERE ${OWN} AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = other.class
                               AND e.objid = other.oid AND e.deptype = 'e')
  GROUP BY kind ORDER BY kind`;
