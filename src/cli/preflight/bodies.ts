import { setImmediate } from "node:timers/promises";
import type pg from "pg";
import { tableNamesOf, type Window } from "../../version/window.ts";
import { type BlindSpot, breakageOf, FAMILY, renamedNames } from "./blind-spot.ts";
import { type BodyNames, findNames, type Mention } from "./body-names.ts";

/**
 * What is kept as text and read only when it runs: bodies of functions and procedures (those of triggers and event
 * triggers among them), arguments of triggers, and jobs of pg_cron.
 */
export async function findBodies(
  client: pg.Client,
  window: Window,
  store: string,
): Promise<BlindSpot[]> {
  return [
    ...(await functions(client, window, store)),
    ...(await triggerArguments(client, window)),
    ...(await cronJobs(client, window)),
  ];
}

async function functions(client: pg.Client, window: Window, store: string): Promise<BlindSpot[]> {
  const renamed = renamedNames(window);
  const tables = tableNamesOf(window);
  const { rows } = await client.query<FunctionRow>(FUNCTIONS, [
    window.schema,
    tables,
    renamed,
    store,
  ]);
  const spots: BlindSpot[] = [];
  let size = 0;
  for (const { name, source, is_trigger, arguments: own, ...row } of rows) {
    size += source.length;
    if (size > TURN_SIZE_MAX) {
      await setImmediate(); // Sessions of a running Straddle go on in between.
      size = 0;
    }
    const language = languageOf(row.language);
    const found = findNames(source, { renamed, tables, language });
    // Its own parameter of that name is no column, or can't be told from one.
    const isOwn = found.named.every(({ word }) => own?.includes(word) === true);
    const isSure = (found.hasTable || is_trigger) && !isOwn;
    spots.push(...bodySpots(name, found, { window, isSure }));
  }
  return spots;
}

/** Characters of bodies that are looked through in one turn. */
const TURN_SIZE_MAX = 64 * 1024;

function bodySpots(
  object: string,
  found: BodyNames,
  { window, isSure }: { readonly window: Window; readonly isSure: boolean },
): BlindSpot[] {
  const breakage = (mentions: readonly Mention[]) =>
    breakageOf(
      window,
      mentions.map(({ word }) => word),
    );
  if (found.named.length > 0) {
    const where = `says ${listed(found.named)}`;
    const then = `${breakage(found.named)}: replace it in the same transaction`;
    return [
      isSure
        ? { kind: "breaks", object, text: `${where}, and ${then}` }
        : { kind: "unclear", object, text: `${where}; if that means this table, it ${then}` },
    ];
  }
  if (found.inStrings.length === 0) return [];
  const text = `has ${listed(found.inStrings)} in a string; if that is run as SQL, or taken for this table's name, it ${breakage(found.inStrings)}`;
  return [{ kind: "unclear", object, text }];
}

function listed(mentions: readonly Mention[]): string {
  return mentions
    .map(({ word, lines }) => `${word} (line ${lines.slice(0, LINES_SHOWN_MAX).join(", ")})`)
    .join(" and ");
}

const LINES_SHOWN_MAX = 10;

function languageOf(name: string): "sql" | "plpgsql" | "other" {
  return name === "sql" || name === "plpgsql" ? name : "other";
}

async function triggerArguments(client: pg.Client, window: Window): Promise<BlindSpot[]> {
  const { rows } = await client.query<{ name: string; arguments: string }>(TRIGGER_ARGUMENTS, [
    window.schema,
    tableNamesOf(window),
  ]);
  return rows.flatMap(({ name, arguments: given }): BlindSpot[] => {
    const values = given.split("\\000");
    const named = renamedNames(window).filter((word) => values.includes(word));
    if (named.length === 0) return [];
    const text = `gives ${named.join(" and ")} to its function as an argument; if that is taken for a name, it ${breakageOf(window, named)}`;
    return [{ kind: "unclear", object: name, text }];
  });
}

async function cronJobs(client: pg.Client, window: Window): Promise<BlindSpot[]> {
  const { rows: present } = await client.query<{ readable: boolean | null }>(CRON);
  if (present.length === 0) return [];
  if (present[0]?.readable !== true) {
    const text = "can't be read by this role, so its jobs were not looked at";
    return [{ kind: "unclear", object: "table cron.job of pg_cron", text }];
  }
  const { rows } = await client.query<{ name: string; command: string }>(
    `SELECT pg_catalog.format('job %s of pg_cron', jobid) AS name, command FROM cron.job
     WHERE database = pg_catalog.current_database() ORDER BY jobid`,
  );
  const names = { renamed: renamedNames(window), tables: tableNamesOf(window) };
  return rows.flatMap(({ name, command }) => {
    const found = findNames(command, { ...names, language: "sql" });
    return bodySpots(name, found, { window, isSure: found.hasTable });
  });
}

interface FunctionRow {
  readonly name: string;
  readonly source: string;
  readonly language: string;
  /** Whether a trigger on the table calls it: NEW and OLD are its rows then. */
  readonly is_trigger: boolean;
  readonly arguments: readonly string[] | null;
}

// Bodies in SQL-standard form (prosqlbody) hold the columns themselves; they follow.
const FUNCTIONS = `
  WITH ${FAMILY}
  SELECT pg_catalog.format('%s %s', CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
                           p.oid::pg_catalog.regprocedure) AS name,
         p.prosrc AS source, l.lanname::pg_catalog.text AS language, p.proargnames AS arguments,
         EXISTS (SELECT FROM pg_catalog.pg_trigger t JOIN family ON family.oid = t.tgrelid
                 WHERE t.tgfoid = p.oid) AS is_trigger
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE l.lanname NOT IN ('internal', 'c')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', $4)
    AND p.prosqlbody IS NULL
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                      AND d.objid = p.oid AND d.deptype = 'e')
    AND EXISTS (SELECT FROM pg_catalog.unnest($3::pg_catalog.text[]) AS name
                WHERE pg_catalog.strpos(pg_catalog.lower(p.prosrc), pg_catalog.lower(name)) > 0)
  ORDER BY 1`;

const TRIGGER_ARGUMENTS = `
  WITH ${FAMILY}
  SELECT pg_catalog.pg_describe_object('pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, 0) AS name,
         pg_catalog.encode(t.tgargs, 'escape') AS arguments
  FROM pg_catalog.pg_trigger t JOIN family ON family.oid = t.tgrelid
  WHERE NOT t.tgisinternal AND t.tgnargs > 0 ORDER BY 1`;

const CRON = `
  SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
         AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'cron' AND c.relname = 'job'`;
