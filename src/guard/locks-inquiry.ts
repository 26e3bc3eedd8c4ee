import { type AstNode, isAstNode, stringMember } from "../sql/ast.ts";
import type { Holder, LockInUse } from "./lock-in-use.ts";
import type { RelationName } from "./relation-name.ts";

/** From PostgreSQL 14 on: before, there is no such column to name. */
const WAIT_START =
  "(pg_catalog.to_json(l) OPERATOR(pg_catalog.->>) 'waitstart')::pg_catalog.timestamptz";

/**
 * The part of the guard's question that is about locks of other transactions: a CTE's query with `oid`
 * and `lock`, of all relations of this database. It reads shared memory only and waits for no lock.
 *
 * The lock of a prepared transaction has no pid. What links it to `pg_prepared_xacts` is the lock that
 * each transaction has on its own id; `virtualtransaction` is that of the session that prepared it, or
 * `-1/` and the id after a restart.
 *
 * Who lacks `pg_read_all_stats` sees neither age nor state of sessions of other roles; since when a
 * lock is waited for, everybody sees.
 */
export const LOCKS_OF_OTHERS =
  "SELECT l.relation AS oid, pg_catalog.json_build_object('mode', l.mode, 'isGranted', l.granted, " +
  "'pid', l.pid, 'gid', x.gid, 'state', a.state, 'application', a.application_name, " +
  "'isAutovacuum', a.backend_type OPERATOR(pg_catalog.=) 'autovacuum worker', " +
  "'isAgainstWraparound', pg_catalog.strpos(a.query, '(to prevent wraparound)') OPERATOR(pg_catalog.>) 0, " +
  "'ageMs', (EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) " +
  `COALESCE(a.xact_start, a.query_start, x.prepared, ${WAIT_START})) ` +
  "OPERATOR(pg_catalog.*) 1000)::pg_catalog.int8) AS lock " +
  "FROM pg_catalog.pg_locks AS l " +
  "LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid " +
  "LEFT JOIN (SELECT t.virtualtransaction, p.gid, p.prepared FROM pg_catalog.pg_locks AS t " +
  "JOIN pg_catalog.pg_prepared_xacts AS p ON p.transaction OPERATOR(pg_catalog.=) t.transactionid " +
  "WHERE t.pid IS NULL) AS x " +
  "ON l.pid IS NULL AND x.virtualtransaction OPERATOR(pg_catalog.=) l.virtualtransaction " +
  "WHERE l.locktype OPERATOR(pg_catalog.=) 'relation' " +
  "AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() " +
  "AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database AS d " +
  "WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())";

/** What `LOCKS_OF_OTHERS` has, as `others`, of the relations `tree`; `c` is the one asked for. */
export const LOCKS_OF_TREE =
  "SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object('lock', o.lock, 'heir', " +
  "CASE WHEN t.oid OPERATOR(pg_catalog.<>) c.oid THEN " +
  "pg_catalog.json_build_object('schema', hn.nspname, 'name', h.relname) END)), '[]') " +
  "FROM tree AS t JOIN others AS o ON o.oid OPERATOR(pg_catalog.=) t.oid " +
  "JOIN pg_catalog.pg_class AS h ON h.oid OPERATOR(pg_catalog.=) t.oid " +
  "JOIN pg_catalog.pg_namespace AS hn ON hn.oid OPERATOR(pg_catalog.=) h.relnamespace";

/** Undefined where they were not asked for. */
export function readLocks(answer: AstNode): readonly LockInUse[] | undefined {
  const locks = answer["locks"];
  return Array.isArray(locks) ? locks.filter(isAstNode).flatMap(lockOf) : undefined;
}

function lockOf(node: AstNode): readonly LockInUse[] {
  const lock = node["lock"];
  const holder = isAstNode(lock) ? holderOf(lock) : undefined;
  // A transaction that has ended between the looks at either view.
  if (!isAstNode(lock) || holder === undefined) return [];
  const age = lock["ageMs"];
  return [
    {
      holder,
      mode: stringMember(lock, "mode"),
      isGranted: lock["isGranted"] === true,
      ageMs: typeof age === "number" ? Math.max(0, age) : undefined,
      heir: heirOf(node["heir"]),
    },
  ];
}

function holderOf(lock: AstNode): Holder | undefined {
  const pid = lock["pid"];
  const gid = lock["gid"];
  if (typeof pid !== "number") {
    return typeof gid === "string" ? { kind: "prepared", gid } : undefined;
  }
  if (lock["isAutovacuum"] === true) {
    return { kind: "autovacuum", pid, isAgainstWraparound: lock["isAgainstWraparound"] === true };
  }
  return {
    kind: "session",
    pid,
    state: stringMember(lock, "state") || undefined,
    application: stringMember(lock, "application") || undefined,
  };
}

function heirOf(heir: unknown): RelationName | undefined {
  if (!isAstNode(heir)) return undefined;
  return { schema: stringMember(heir, "schema"), name: stringMember(heir, "name") };
}
