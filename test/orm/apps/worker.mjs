import { createInterface } from "node:readline";

/** What the apps on Node.js share: their version's names, where to connect, and rounds on demand. */

const { ORM_VERSION: version, PGHOST, PGPORT, PGDATABASE } = process.env;

const isOld = version === "1.0.0";

/** What this version calls the table and the column, and what the other one calls the column. */
export const TABLE = isOld ? "person" : "people";
export const COLUMN = isOld ? "user_id" : "customer_id";
export const OTHER_COLUMN = isOld ? "customer_id" : "user_id";

/** The person whose orders count this version's rounds. */
export const KEEPER = isOld ? 10 : 20;

export const connection = {
  host: PGHOST,
  port: Number(PGPORT),
  database: PGDATABASE,
  user: "postgres",
  application_name: `shop@${version}`,
};

/** A time of day, so that no two orders of a round are of the same. */
export const at = (hour) => new Date(Date.UTC(2026, 0, 1, hour));

/** In place of the error that makes a transaction roll back. */
export class Rollback extends Error {}

export async function rolledBack(transaction) {
  await transaction.catch((error) => {
    if (!(error instanceof Rollback)) throw error;
  });
}

/** The SQLSTATE of a query that has to fail, wherever the tool puts it. */
export async function sqlstateOf(query) {
  try {
    await query;
  } catch (error) {
    return (
      error.meta?.driverAdapterError?.cause?.originalCode ??
      error.cause?.code ??
      error.original?.code ??
      error.code
    );
  }
  return "none";
}

/** One line out for each line that comes in: a round by its number, or what the tool reads of the schema. */
export async function serve(round, end, readSchema) {
  for await (const line of createInterface({ input: process.stdin })) {
    const number = Number(line);
    const saw = line === "schema" ? await readSchema() : await round(number);
    console.log(JSON.stringify({ round: number, saw }));
  }
  await end();
}
