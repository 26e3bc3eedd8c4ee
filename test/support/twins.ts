import pg from "pg";
import type { Straddle } from "../../src/cli/run.ts";
import { createDatabase, type TestDatabase } from "./server.ts";
import { startTestStraddle } from "./straddle.ts";
import { WireClient } from "./wire-client.ts";

/** Runs SQL on a connection of its own, past Straddle. */
export async function runDirect(database: TestDatabase, sql: string): Promise<void> {
  const client = new pg.Client(database.connection);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A database with the contents and OIDs of one that nobody is connected to. */
export function copyDatabase(template: TestDatabase): Promise<TestDatabase> {
  return createDatabase(template.name);
}

/**
 * Three databases with the same contents and OIDs, so that answers can be compared byte for byte: one
 * that keeps its old names, one that has the new names from the beginning, and one behind Straddle.
 */
export interface Twins {
  readonly old: TestDatabase;
  readonly new: TestDatabase;
  readonly shared: TestDatabase;
  readonly straddle: Straddle;
  end(): Promise<void>;
}

export async function createTwins(parts: {
  readonly schema: string;
  /** From the old names to the new ones. */
  readonly flip: string;
  readonly settings: string;
}): Promise<Twins> {
  const old = await createDatabase();
  await runDirect(old, parts.schema);
  const renamed = await copyDatabase(old);
  const shared = await copyDatabase(old);
  await runDirect(renamed, parts.flip);
  const straddle = await startTestStraddle(shared, parts.settings);
  return {
    old,
    new: renamed,
    shared,
    straddle,
    async end() {
      await straddle.stop();
      for (const each of [old, renamed, shared]) await each.drop();
    },
  };
}

/** A conversation's client, which has logged in as a version of the shop's application. */
export async function wireClient(
  database: TestDatabase,
  port: number | undefined,
  parameters: Readonly<Record<string, string>>,
): Promise<WireClient> {
  const client = await WireClient.connect({
    host: "127.0.0.1",
    port: port ?? database.connection.port ?? 0,
  });
  await client.start({ user: "postgres", database: database.name, ...parameters });
  return client;
}

/** What is said from now on, once `converse` is through. */
export async function conversation(
  client: WireClient,
  converse: (client: WireClient) => Promise<void>,
): Promise<string[]> {
  const start = client.transcript.length;
  await converse(client);
  return client.transcript.slice(start);
}
