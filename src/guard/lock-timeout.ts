import type { Lock } from "./locks.ts";
import { type Reason, type RefusalText, refusalText } from "./refusal-text.ts";
import type { RelationName } from "./relation-name.ts";
import { doBlock, stringLiteral } from "./server-sql.ts";

/** The first rule: a schema change that locks an existing relation must not wait without limit. */
export interface LockTimeoutPolicy {
  readonly onMissing: "block" | "inject" | "warn" | "off";
  /** The largest lock_timeout that will do. */
  readonly maxMs: number;
  /** What `inject` sets. */
  readonly injectMs: number;
}

/** SQL to run before and after a statement, without `;`. */
export interface LockTimeoutGuard {
  readonly before: string;
  readonly after: string | undefined;
}

/** What the guard did in place of a refusal. */
export type Intervention = "inject" | "warn";

export type LockTimeoutVerdict =
  | { readonly kind: "allow" }
  | { readonly kind: "refuse" | "warn"; readonly text: RefusalText }
  | { readonly kind: "inject"; readonly before: string; readonly after: string };

/** Of a refusal: object_not_in_prerequisite_state. */
export const LOCK_TIMEOUT_SQLSTATE = "55000";
const MARK = "straddle:lock-timeout:";
const BEFORE_SETTING = "straddle.lock_timeout_before";

// Every name and operator is qualified: the session's search_path is the client's.
const TIMEOUT = "pg_catalog.current_setting('lock_timeout')::pg_catalog.text::pg_catalog.interval";
const IS_MISSING = `${TIMEOUT} OPERATOR(pg_catalog.=) '0'::pg_catalog.interval`;

/**
 * The check as a statement of its own that runs in the client's transaction, so that its failure is
 * the refusal, on the server as well. Undefined where there is nothing to check.
 */
export function lockTimeoutGuard(
  lock: Lock,
  policy: LockTimeoutPolicy,
): LockTimeoutGuard | undefined {
  switch (policy.onMissing) {
    case "off":
      return undefined;
    case "block":
      return {
        before: raiseSql(lock, policy, `EXCEPTION USING ERRCODE = '${LOCK_TIMEOUT_SQLSTATE}', `),
        after: undefined,
      };
    case "warn":
      return {
        before: raiseSql(lock, policy, "WARNING USING ", mark("warn")),
        after: undefined,
      };
    case "inject":
      return { before: injectSql(lock, policy), after: PUT_BACK };
  }
}

/**
 * The question for a statement that refuses to run in a transaction block: one row of the effective
 * lock_timeout in milliseconds, and whether any of the relations is there and not temporary.
 */
export function lockTimeoutInquiry(lock: Lock): string {
  return (
    `SELECT (EXTRACT(epoch FROM ${TIMEOUT}) OPERATOR(pg_catalog.*) 1000)` +
    "::pg_catalog.int8::pg_catalog.text, " +
    `(${isConcerned(lock)})::pg_catalog.text`
  );
}

/** What the answer to `lockTimeoutInquiry` means; undefined where the question failed. */
export function judgeLockTimeout(
  answer: readonly (string | null)[] | undefined,
  lock: Lock,
  policy: LockTimeoutPolicy,
): LockTimeoutVerdict {
  const [timeout, concerned] = answer ?? [];
  const reason = reasonAgainst(timeout ?? undefined, policy.maxMs);
  if (policy.onMissing === "off" || concerned === "false" || reason === undefined) {
    return { kind: "allow" };
  }
  if (policy.onMissing === "inject" && reason !== "unknown") {
    return {
      kind: "inject",
      before: setSql(String(policy.injectMs)),
      after: setSql(timeout ?? "0"),
    };
  }
  const kind = policy.onMissing === "warn" ? "warn" : "refuse";
  return { kind, text: refusalText(lock, reason, policy.maxMs) };
}

/**
 * The check tells Straddle what it did by an INFO, which the server sends whatever
 * `client_min_messages` says (should_output_to_client in elog.c).
 */
function mark(intervention: Intervention): string {
  return `RAISE INFO USING MESSAGE = '${MARK}${intervention}'; `;
}

/** What a notice from a check says to Straddle; undefined for one that is the client's. */
export function markedIntervention(fields: ReadonlyMap<string, string>): Intervention | undefined {
  if (fields.get("V") !== "INFO") return undefined;
  const message = fields.get("M");
  return (["inject", "warn"] as const).find((each) => message === MARK + each);
}

function reasonAgainst(timeout: string | undefined, maxMs: number): Reason | undefined {
  if (timeout === undefined || !/^\d+$/.test(timeout)) return "unknown";
  if (Number(timeout) === 0) return "missing";
  return Number(timeout) > maxMs ? "above" : undefined;
}

function raiseSql(lock: Lock, { maxMs }: LockTimeoutPolicy, raise: string, first = ""): string {
  const raised = (reason: Reason) => {
    const { message, detail, hint } = refusalText(lock, reason, maxMs);
    const fields = `MESSAGE = ${stringLiteral(message)}, DETAIL = ${stringLiteral(detail)}, HINT = ${stringLiteral(hint)}`;
    return `${first}RAISE ${raise}${fields};`;
  };
  return doBlock(
    `IF ${isConcerned(lock)} THEN ` +
      `IF ${IS_MISSING} THEN ${raised("missing")} ` +
      `ELSIF ${isAbove(maxMs)} THEN ${raised("above")} END IF; END IF;`,
  );
}

function injectSql(lock: Lock, { maxMs, injectMs }: LockTimeoutPolicy): string {
  const keep = setLocal(BEFORE_SETTING, "pg_catalog.current_setting('lock_timeout')");
  return doBlock(
    `IF (${isConcerned(lock)}) AND (${IS_MISSING} OR ${isAbove(maxMs)}) THEN ` +
      `${keep} ${setLocal("lock_timeout", stringLiteral(String(injectMs)))} ${mark("inject")}` +
      `ELSE ${setLocal(BEFORE_SETTING, "''")} END IF;`,
  );
}

const KEPT = `pg_catalog.current_setting('${BEFORE_SETTING}', true)`;

const PUT_BACK = doBlock(
  `IF ${KEPT} OPERATOR(pg_catalog.<>) '' THEN ` +
    `${setLocal("lock_timeout", KEPT)} ${setLocal(BEFORE_SETTING, "''")} END IF;`,
);

function setLocal(setting: string, value: string): string {
  return `PERFORM pg_catalog.set_config('${setting}', ${value}, true);`;
}

function setSql(milliseconds: string): string {
  return `SET lock_timeout = ${stringLiteral(milliseconds)}`;
}

function isAbove(maxMs: number): string {
  return `${TIMEOUT} OPERATOR(pg_catalog.>) '${maxMs} milliseconds'::pg_catalog.interval`;
}

/**
 * This transaction has the strongest lock on it already, as on a table that it has made itself: no
 * other lock on it has to wait for anybody.
 */
const IS_HELD =
  "EXISTS (SELECT FROM pg_catalog.pg_locks AS l " +
  "WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND l.granted " +
  "AND l.relation OPERATOR(pg_catalog.=) c.oid " +
  "AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock')";

/**
 * Whether any of the relations exists, is not temporary, and is yet to be locked. Those that are not
 * known always are.
 */
function isConcerned({ relations }: Lock): string {
  if (relations.length === 0) return "true";
  return (
    "EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n " +
    "ON n.oid OPERATOR(pg_catalog.=) c.relnamespace " +
    "WHERE c.relpersistence OPERATOR(pg_catalog.<>) 't' " +
    `AND (${relations.map(isRelation).join(" OR ")}) AND NOT ${IS_HELD})`
  );
}

function isRelation(relation: RelationName): string {
  const { schema, name }: RelationName = relation.physical ?? relation;
  const isNamed = `c.relname OPERATOR(pg_catalog.=) ${stringLiteral(name)}`;
  return schema === undefined
    ? `${isNamed} AND pg_catalog.pg_table_is_visible(c.oid)`
    : `${isNamed} AND n.nspname OPERATOR(pg_catalog.=) ${stringLiteral(schema)}`;
}
