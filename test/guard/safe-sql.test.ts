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
 * the refused statement does, unless its case says that it ends elsewhere, and must not read or write a whole
 * table under a strong lock, which the refused one has to do where it is said to.
 */

/** What the server reports, as DEBUG1, when it reads or writes a whole table; n is one that is made. */
const HEAVY =
  /^(rewriting|verifying) table|^building index "(?!pg_toast)[^"]*" on table "(?!n")|^validating foreign key/;
const BESIDE_TRAFFIC = / CONCURRENTLY | VALIDATE CONSTRAINT [^,]*$|^TRUNCATE /;

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

    /** The schema after the statements, each sent by itself, and what the server says it did. */
    async function after(statements: readonly string[], before: string) {
      await client.query("SET client_min_messages = warning; DROP SCHEMA IF EXISTS app CASCADE");
      await client.query("CREATE SCHEMA app; SET search_path = app");
      await client.query(`${SCHEMA}; ${before}`);
      const work: string[] = [];
      let current = "";
      const listen = ({ message = "" }: { message?: string | undefined }) => {
        if (HEAVY.test(message) && !BESIDE_TRAFFIC.test(current)) work.push(message);
      };
      client.on("notice", listen);
      await client.query("SET client_min_messages = debug1");
      for (const sql of statements) {
        current = sql;
        await client.query(sql);
      }
      client.off("notice", listen);
      return { schema: await describeSchema(client), work };
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

        const safely = await after(safe, before);
        const asItIs = await after([sql], before);
        expect(safely.work).toEqual([]);
        expect(asItIs.work.length > 0).toBe((found?.cost?.work ?? "none") !== "none");
        if (ends !== "elsewhere") expect(safely.schema).toBe(asItIs.schema);
      });
    }
  });
}
