import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import type { Address } from "../support/wire-client.ts";
import { type ContractCase, play } from "./contract-case.ts";

interface Way {
  readonly name: string;
  /** Settings of Straddle. */
  readonly yaml?: string;
  /** What both the direct and the proxied session give at startup. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly isUnixSocket?: boolean;
  readonly isFragmented?: boolean;
}

const WINDOW = `
windows:
  - table: public.orders
    rename: { user_id: customer_id }
    old: "<2.0.0"
    new: ">=2.0.0"
`;

const PLAIN: Way = { name: "without windows" };
const TAGGED: Way = {
  name: "a tagged session, and a window on another table",
  yaml: WINDOW,
  parameters: { application_name: "shop@1.4.0" },
};
const UNIX: Way = { name: "through the Unix socket", isUnixSocket: true };
const FRAGMENTED: Way = { name: "a byte at a time", isFragmented: true };

const ALL_WAYS = [PLAIN, TAGGED, UNIX, FRAGMENTED];
/** For cases of many bytes. */
export const LARGE_WAYS = [PLAIN, TAGGED];

const SCHEMA = `
CREATE TABLE item (id int PRIMARY KEY, name text);
CREATE TABLE orders (id int PRIMARY KEY, user_id int);
GRANT ALL ON ALL TABLES IN SCHEMA public TO public;
`;
const RESET = "TRUNCATE item; INSERT INTO item VALUES (1, 'a'), (2, 'b'), (3, 'c')";

/**
 * The contract: everything a client sees of the server it sees through Straddle, byte by byte. Each
 * case is played directly and through Straddle, in every way, and the transcripts have to be the
 * same.
 */
export function testContract(
  cases: readonly ContractCase[],
  ways: readonly Way[] = ALL_WAYS,
): void {
  let database: TestDatabase;
  let other: pg.Client;

  beforeAll(async () => {
    database = await createDatabase();
    other = new pg.Client(database.connection);
    await other.connect();
    await other.query(SCHEMA);
  });

  afterAll(async () => {
    await other?.end();
    await database?.drop();
  });

  for (const { name, yaml = "", parameters = {}, isUnixSocket, isFragmented = false } of ways) {
    describe(name, () => {
      let straddle: Straddle;
      let proxied: Address;
      const folder = mkdtempSync(join(tmpdir(), "straddle-"));

      beforeAll(async () => {
        const socket = join(folder, ".s.PGSQL.6432");
        const listen = isUnixSocket === true ? `listen: { port: 0, socket: ${socket} }` : "";
        straddle = await startTestStraddle(database, `${yaml}${listen}`);
        proxied =
          isUnixSocket === true ? { path: socket } : { host: "127.0.0.1", port: straddle.port };
      });

      afterAll(async () => {
        await straddle?.stop();
        rmSync(folder, { recursive: true, force: true });
      });

      for (const each of cases) {
        test(each.name, async () => {
          const { host = "", port = 0 } = database.connection;
          const stage = {
            parameters: { user: "postgres", database: database.name, ...parameters },
            isFragmented,
            other,
          };
          await other.query(RESET);
          const direct = await play(each, { ...stage, address: { host, port } });
          await other.query(RESET);
          const through = await play(each, { ...stage, address: proxied });

          for (const text of each.sees) expect(direct.join("\n")).toContain(text);
          expect(through).toEqual(direct);
        });
      }
    });
  }
}
