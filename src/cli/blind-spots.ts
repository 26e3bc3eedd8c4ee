import type pg from "pg";
import type { Window } from "../version/window.ts";
import type { Finding } from "./check-report.ts";

/**
 * What a rename leaves behind in the database, and a proxy never sees: functions whose bodies are text
 * break, since PostgreSQL looks at that text only when it runs. Views, policies, generated columns and
 * the like hold the column itself and follow by themselves; they are named so that nobody wonders.
 */
export async function findBlindSpots(client: pg.Client, window: Window): Promise<Finding[]> {
  const subject = `${window.schema}.${window.table}`;
  const names = renamedNames(window);
  const functions = await client.query<{ name: string; source: string }>(FUNCTIONS, [names]);
  const broken = functions.rows.flatMap(({ name, source }): Finding[] => {
    const named = names.filter((word) => containsWord(source, word));
    if (named.length === 0) return [];
    return [
      {
        level: "warning",
        subject,
        text: `${name} says ${named.join(" and ")} in its body; if it means this table, it breaks at the rename: replace it in the same transaction`,
      },
    ];
  });
  const dependents = await client.query<{ name: string; column: string }>(DEPENDENTS, [
    window.schema,
    [window.table, window.renameTable ?? window.table],
    [...window.renameColumns].flat(),
  ]);
  const following = dependents.rows.map(
    ({ name, column }): Finding => ({
      level: "note",
      subject,
      text: `${name} uses ${column} and follows the rename by itself`,
    }),
  );
  return [...broken, ...following];
}

function renamedNames(window: Window): string[] {
  const tables = window.renameTable === undefined ? [] : [window.table, window.renameTable];
  return [...new Set([...tables, ...[...window.renameColumns].flat()])];
}

/** Whether a text has the name as a word, whatever its case: identifiers fold, and it is text. */
export function containsWord(text: string, word: string): boolean {
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_$])${escaped}(?![\\p{L}\\p{N}_$])`, "iu").test(text);
}

// Bodies in SQL-standard form (prosqlbody) hold the columns themselves; they follow.
const FUNCTIONS = `
  SELECT pg_catalog.format('%s %s', CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
                           p.oid::pg_catalog.regprocedure) AS name,
         p.prosrc AS source
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE l.lanname NOT IN ('internal', 'c')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND p.prosqlbody IS NULL
    AND EXISTS (SELECT FROM pg_catalog.unnest($1::text[]) AS name
                WHERE pg_catalog.strpos(pg_catalog.lower(p.prosrc), pg_catalog.lower(name)) > 0)
  ORDER BY 1`;

const DEPENDENTS = `
  SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) AS name,
         a.attname::text AS column
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                             AND d.refobjid = c.oid AND d.refobjsubid = a.attnum
  WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND a.attname = ANY ($3::text[])
    AND d.classid IN ('pg_catalog.pg_rewrite'::pg_catalog.regclass,
                      'pg_catalog.pg_policy'::pg_catalog.regclass,
                      'pg_catalog.pg_trigger'::pg_catalog.regclass,
                      'pg_catalog.pg_attrdef'::pg_catalog.regclass,
                      'pg_catalog.pg_proc'::pg_catalog.regclass)
  ORDER BY 1, 2`;
