/**
 * What stands before a session's own RENAME of a window, in its transaction, where the fleet agrees on
 * flips (C4 and C5 of "The flip across a fleet" in src/README.md). It takes the lock that the RENAME
 * needs, within the time that the fleet's hold leaves, between two looks at the store: so the RENAME
 * has nothing to wait for, and is over before any hold can end by its deadline. Its failure is the statement's.
 *
 * Only of tables: what else can be renamed can't be locked ahead.
 */
export function flipFence(schema: string, oid: number): string {
  const relation = `${oid}::pg_catalog.oid`;
  const check = `${schema}.fence(${relation})`;
  const setTimeout = (value: string) =>
    `PERFORM pg_catalog.set_config('lock_timeout', ${value}, true);`;
  return (
    "DO $straddle$" +
    `DECLARE time_left pg_catalog.int4 := ${check}; ` +
    "before pg_catalog.text := pg_catalog.current_setting('lock_timeout'); " +
    "own pg_catalog.int8 := (SELECT s.setting::pg_catalog.int8 FROM pg_catalog.pg_settings AS s " +
    "WHERE s.name OPERATOR(pg_catalog.=) 'lock_timeout'); " +
    "BEGIN " +
    `IF EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid OPERATOR(pg_catalog.=) ${relation} ` +
    "AND c.relkind::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p'])) THEN " +
    "IF own OPERATOR(pg_catalog.=) 0 OR own OPERATOR(pg_catalog.>) time_left THEN " +
    `${setTimeout("time_left::pg_catalog.text")} END IF; ` +
    `EXECUTE pg_catalog.format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', ${relation}::pg_catalog.regclass); ` +
    `PERFORM ${check}; ` +
    `${setTimeout("before")} ` +
    "END IF; " +
    "END$straddle$"
  );
}
