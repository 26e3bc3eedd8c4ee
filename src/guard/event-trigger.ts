import { formatDuration } from "./refusal-text.ts";

/** Where the event trigger's function is: a schema of its own, which goes with it. */
export const TRIGGER_SCHEMA = "straddle_guard";
const FUNCTION = `${TRIGGER_SCHEMA}.require_lock_timeout`;
export const TRIGGER_NAME = "straddle_require_lock_timeout";

/** What the event trigger refuses, and for whom. */
export interface TriggerPolicy {
  /** The largest lock_timeout that will do. */
  readonly maxMs: number;
  /** Roles that may do without, by the name that they logged in as. */
  readonly exempt: readonly string[];
}

/**
 * The commands, by their tag, that lock relations which are there already. An event trigger is told no
 * more than that before a command begins, so it can't tell a new or temporary table from others.
 * TRUNCATE, CLUSTER, VACUUM and LOCK fire none (PostgreSQL, "Event Trigger Firing Matrix").
 */
export const GUARDED_TAGS: readonly string[] = [
  "ALTER FOREIGN TABLE",
  "ALTER INDEX",
  "ALTER MATERIALIZED VIEW",
  "ALTER POLICY",
  "ALTER RULE",
  "ALTER SEQUENCE",
  "ALTER TABLE",
  "ALTER TRIGGER",
  "ALTER VIEW",
  "CREATE INDEX",
  "CREATE POLICY",
  "CREATE RULE",
  "CREATE STATISTICS",
  "CREATE TRIGGER",
  "DROP FOREIGN TABLE",
  "DROP INDEX",
  "DROP MATERIALIZED VIEW",
  "DROP OWNED",
  "DROP POLICY",
  "DROP RULE",
  "DROP SCHEMA",
  "DROP SEQUENCE",
  "DROP TABLE",
  "DROP TRIGGER",
  "DROP VIEW",
  "REFRESH MATERIALIZED VIEW",
  "REINDEX",
];

/** One statement each, to be run in one transaction by a superuser. Running them again changes the policy. */
export function installSql({ maxMs, exempt }: TriggerPolicy): readonly string[] {
  const max = formatDuration(maxMs);
  const hint =
    `Run SET lock_timeout before it (at most ${max}), and try again when the lock is not had in time ` +
    "(SQLSTATE 55P03). To restore a dump, ALTER EVENT TRIGGER " +
    `${TRIGGER_NAME} DISABLE, and ENABLE it afterwards.`;
  return [
    `CREATE SCHEMA IF NOT EXISTS ${TRIGGER_SCHEMA}`,
    `CREATE OR REPLACE FUNCTION ${FUNCTION}() RETURNS event_trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $straddle$
DECLARE
  given CONSTANT interval := current_setting('lock_timeout');
BEGIN
  IF tg_tag <> ALL (${textArray(GUARDED_TAGS)})
    OR session_user = ANY (${textArray(exempt)}) THEN
    RETURN;
  END IF;
  IF given = '0' OR given > '${maxMs} milliseconds' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = tg_tag || ' needs a lock_timeout: ' || CASE
        WHEN given = '0' THEN 'it is 0, which is to wait without limit'
        ELSE 'it is above the maximum of ${max}' END,
      DETAIL = 'It locks relations that are in use. While it waits behind a long transaction, '
        'what comes after it waits behind it.',
      HINT = ${literal(hint)};
  END IF;
END
$straddle$`,
    `DO $straddle$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtname = '${TRIGGER_NAME}') THEN
    CREATE EVENT TRIGGER ${TRIGGER_NAME} ON ddl_command_start EXECUTE FUNCTION ${FUNCTION}();
  END IF;
END
$straddle$`,
    `COMMENT ON EVENT TRIGGER ${TRIGGER_NAME} IS ${literal(describePolicy({ maxMs, exempt }))}`,
  ];
}

export const UNINSTALL_SQL: readonly string[] = [
  `DROP EVENT TRIGGER IF EXISTS ${TRIGGER_NAME}`,
  `DROP FUNCTION IF EXISTS ${FUNCTION}()`,
  `DROP SCHEMA IF EXISTS ${TRIGGER_SCHEMA}`,
];

/** One row: whether it fires, and its comment. None where it is not installed. */
export const STATUS_SQL = `SELECT evtenabled IN ('O', 'A') AS fires,
  pg_catalog.obj_description(oid, 'pg_event_trigger') AS policy
  FROM pg_catalog.pg_event_trigger WHERE evtname = '${TRIGGER_NAME}'`;

/** As `guard status` shows it. */
function describePolicy({ maxMs, exempt }: TriggerPolicy): string {
  const roles = exempt.length === 0 ? "nobody is exempt" : `exempt: ${exempt.join(", ")}`;
  return `DDL needs a lock_timeout of at most ${formatDuration(maxMs)}; ${roles}`;
}

function textArray(texts: readonly string[]): string {
  return `ARRAY[${texts.map(literal).join(", ")}]::text[]`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
