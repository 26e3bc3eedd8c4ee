import type pg from "pg";
import { quoteIdentifier } from "../sql/tokens.ts";
import { grantsSql, STORE_VERSIONS } from "./store-sql.ts";

/** The version of the store's schema that this program makes and understands. */
export const STORE_VERSION: number = STORE_VERSIONS.length;

const LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'";

export interface StoreRoles {
  /** Roles that instances log in as: `control.user` of `straddle run`. */
  readonly sidecars: readonly string[];
  /** Roles that open, flip and close windows. */
  readonly operators: readonly string[];
}

export interface InitResult {
  /** The version that was there before; 0 is none. */
  readonly from: number;
  readonly version: number;
}

/** The store is not what this program can work with; the message is a sentence for the operator. */
export class StoreError extends Error {}

/**
 * Makes the store in `schema`, or upgrades it, and grants what the roles need; all in one
 * transaction, one at a time. Safe to run twice. The role of `client` owns what is made.
 */
export async function initStore(
  client: pg.ClientBase,
  schema: string,
  roles: StoreRoles,
): Promise<InitResult> {
  await client.query("BEGIN");
  try {
    await client.query(LOCK_TIMEOUT);
    await client.query("SELECT pg_advisory_xact_lock(hashtext('straddle control init'))");
    const from = await storeVersion(client, schema);
    if (from > STORE_VERSION) throw new StoreError(tooNew(schema, from));
    for (const statement of initSql(schema, roles, from)) await client.query(statement);
    await client.query("COMMIT");
    return { from, version: STORE_VERSION };
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** What takes a store from version `from` to the one of this program, within a transaction. */
export function initSql(schema: string, roles: StoreRoles, from: number): string[] {
  const granted = {
    sidecars: roles.sidecars.map(quoteIdentifier),
    operators: roles.operators.map(quoteIdentifier),
  };
  return [
    ...(from === 0 ? [`CREATE SCHEMA IF NOT EXISTS ${schema}`] : []),
    // Functions keep it: nothing that a caller has in his search_path comes before.
    `SET LOCAL search_path = ${schema}, pg_catalog, pg_temp`,
    ...STORE_VERSIONS.slice(from).map((version) => version(schema).trim()),
    `UPDATE ${schema}.store SET version = ${STORE_VERSION}`,
    ...grantsSql(schema, granted),
  ];
}

/** The version of the store that is there; 0 where there is none. */
export async function storeVersion(client: pg.ClientBase, schema: string): Promise<number> {
  const { rows } = await client.query("SELECT pg_catalog.to_regclass($1) IS NOT NULL AS is_there", [
    `${schema}.store`,
  ]);
  if (rows[0]?.is_there !== true) return 0;
  const found = await client.query<{ version: number }>(`SELECT version FROM ${schema}.store`);
  return found.rows[0]?.version ?? 0;
}

/** Refuses a store that is missing, older or newer than this program's with a StoreError. */
export async function checkStore(client: pg.ClientBase, schema: string): Promise<void> {
  const version = await storeVersion(client, schema);
  if (version === 0) {
    throw new StoreError(
      `there is no store in schema ${schema}: make it with straddle control init`,
    );
  }
  if (version > STORE_VERSION) throw new StoreError(tooNew(schema, version));
  if (version < STORE_VERSION) {
    throw new StoreError(
      `the store in schema ${schema} has version ${version}, and this Straddle needs ${STORE_VERSION}: upgrade it with straddle control init`,
    );
  }
}

function tooNew(schema: string, version: number): string {
  return `the store in schema ${schema} has version ${version}, and this Straddle knows ${STORE_VERSION} at most: use the Straddle that made it, or a later one`;
}
