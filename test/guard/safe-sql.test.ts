import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { hasPostgres15, POSTGRES_15 } from "../support/program.ts";
import { createDatabase, startServer } from "../support/server.ts";
import { findingsOf, rulesAgainst } from "./judging.ts";
import { SAFE_SQL_CASES, SCHEMA } from "./safe-sql-cases.ts";
import { describeSchema } from "./schema-description.ts";

/**
 * The safe way is run as it stands in the refusal, each statement by itself. It has to leave the schema as
 * the refused statement does, unless its case says that it ends elsewhere, and be free of what it is for.
 */

beforeAll(loadParser);

const SERVERS = [
  { name: "PostgreSQL 18", version: 180_000, isThere: true },
  { name: "PostgreSQL 15", version: 150_000, isThere: hasPostgres15 },
];

for (const { name, version, isThere } of SERVERS) {
  describe.skipIf(!isThere)(name, () => {
    let client: pg.Client;
    let stop: () => Promise<void>;

    beforeAll(async () => {
      if (version >= 180_000) {
        const database = await createDatabase();
        client = new pg.Client(database.connection);
        stop = () => database.drop();
      } else {
        const server = await startServer({ binaries: POSTGRES_15 });
        const { host, port, user } = server;
        client = new pg.Client({ host, port, user, database: "postgres" });
        stop = () => server.stop();
      }
      await client.connect();
    });

    afterAll(async () => {
      await client.end();
      await stop();
    });

    /** The schema after the statements, each sent by itself. */
    async function after(statements: readonly string[], before: string): Promise<string> {
      await client.query("DROP SCHEMA IF EXISTS app CASCADE");
      await client.query("CREATE SCHEMA app; SET search_path = app");
      await client.query(`${SCHEMA}; ${before}`);
      for (const sql of statements) await client.query(sql);
      return describeSchema(client);
    }

    const cases = SAFE_SQL_CASES.filter(({ since = 0 }) => version >= since);
    for (const { rule, sql, before = "", ends, relations } of cases) {
      test(`${rule}: ${sql}`, async () => {
        const circumstances = {
          facts: { serverVersion: version },
          ...(relations === undefined ? {} : { relations }),
        };
        const found = findingsOf(sql, circumstances).find((finding) => finding.rule === rule);
        const safe = found?.safeSql ?? [];
        expect(safe).not.toEqual([]);
        const alone = { ...circumstances, grouping: "alone" } as const;
        expect(rulesAgainst(safe.join(";\n"), alone)).not.toContain(rule);

        const reached = await after(safe, before);
        if (ends === "elsewhere") return;
        expect(reached).toBe(await after([sql], before));
      });
    }
  });
}
