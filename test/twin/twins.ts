import type { Straddle } from "../../src/cli/run.ts";
import { CatalogReader } from "../../src/control/catalog-reader.ts";
import type { Catalog } from "../../src/version/catalog.ts";
import { namingFor } from "../../src/version/naming.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { copyDatabase, runDirect } from "../support/twins.ts";
import { outcomeOf } from "./outcome.ts";
import { PipelinedClient } from "./pipelined.ts";
import { type Pair, restorePair } from "./run.ts";
import {
  FLIP,
  type Names,
  SCHEMA,
  TEMPORARY,
  type Version,
  WINDOW_SETTINGS,
  WINDOWS,
} from "./vocabulary.ts";

/** So that the OIDs of what a case makes are far above those of the tables. */
const SPARE_OIDS = `
  DO $$ BEGIN FOR i IN 1..40 LOOP
    EXECUTE 'CREATE TABLE spare (id int)';
    DROP TABLE spare;
  END LOOP; END $$;
`;

const NO_AUTOVACUUM = `
  DO $$ DECLARE name regclass; BEGIN
    FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND oid >= 16384 LOOP
      EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', name);
    END LOOP;
  END $$;
`;

/**
 * For each version and each state of the names, a database with the version's own names, which clients
 * talk to directly, and one for what has been rewritten. All begin with the same contents and OIDs, and
 * the two of a pair live through the same, so that their plans and the order of rows are the same too.
 */
export class TwinDatabases {
  readonly #databases: TestDatabase[] = [];
  readonly #clients: PipelinedClient[] = [];
  readonly #pairs = new Map<string, Pair>();

  readonly #straddles: Straddle[] = [];

  /** `straddle`: what is to be rewritten goes through a Straddle, which does it itself. */
  async open(way: "rewritten" | "straddle" = "rewritten"): Promise<void> {
    const template = await this.#added(createDatabase());
    await runDirect(template, SCHEMA + SPARE_OIDS + NO_AUTOVACUUM);
    for (const version of ["1.0.0", "2.0.0"] as const) {
      for (const names of ["old", "new"] as const) {
        const own = version === "1.0.0" ? "old" : "new";
        const direct = await this.#copy(template, own);
        const renamed = await this.#copy(template, names);
        const pair = {
          direct: await this.#client(direct),
          renamed: await this.#client(renamed, way === "straddle" ? version : undefined),
        };
        const temporary = await schemaOfTemporary(pair.renamed);
        const catalog = await readCatalog(renamed);
        const naming = namingFor({ app: "shop", version }, WINDOWS, catalog);
        const place = { catalog, naming, searchPath: [] };
        this.#pairs.set(`${version} ${names}`, { ...pair, place, temporary, own, names });
      }
    }
  }

  async #copy(template: TestDatabase, names: Names): Promise<TestDatabase> {
    const copy = await this.#added(copyDatabase(template));
    if (names === "new") await runDirect(copy, FLIP);
    return copy;
  }

  pair(version: Version, names: Names): Pair {
    const pair = this.#pairs.get(`${version} ${names}`);
    if (pair === undefined) throw new Error("the databases are not open");
    return pair;
  }

  /** The same, for what has been rewritten by the names that the database does not have any more. */
  stalePair(version: Version, names: Names): Pair {
    const before = this.pair(version, names === "old" ? "new" : "old");
    const { place, temporary } = before;
    return { ...this.pair(version, names), place, temporary, isStale: true };
  }

  /** Takes away what rolled back statements have left behind: plans hang on the size of a table. */
  async restore(): Promise<void> {
    await Promise.all([...this.#pairs.values()].map(restorePair));
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.end();
    for (const straddle of this.#straddles) await straddle.stop();
    for (const database of this.#databases) await database.drop();
  }

  async #added(made: Promise<TestDatabase>): Promise<TestDatabase> {
    const database = await made;
    this.#databases.push(database);
    return database;
  }

  async #client(database: TestDatabase, through?: Version): Promise<PipelinedClient> {
    const { host = "" } = database.connection;
    let { port = 0 } = database.connection;
    if (through !== undefined) {
      const straddle = await startTestStraddle(
        database,
        `${WINDOW_SETTINGS}\nguard: { mode: off, lock_timeout: { on_missing: off } }\n`,
      );
      this.#straddles.push(straddle);
      port = straddle.port;
    }
    const client = await PipelinedClient.connect({
      host,
      port,
      startup: {
        user: "postgres",
        database: database.name,
        ...(through === undefined ? {} : { application_name: `shop@${through}` }),
        options: "-c statement_timeout=250 -c jit=off",
      },
    });
    this.#clients.push(client);
    for (const sql of TEMPORARY) await client.run(sql);
    return client;
  }
}

/** What the server calls a session's pg_temp. */
async function schemaOfTemporary(client: PipelinedClient): Promise<string> {
  const answer = await client.run("SELECT pg_my_temp_schema()::regnamespace");
  return /pg_temp_\d+/.exec(outcomeOf(answer, undefined).rows[0] ?? "")?.[0] ?? "";
}

async function readCatalog(database: TestDatabase): Promise<Catalog> {
  const reader = new CatalogReader({
    connection: database.connection,
    answerMs: 0,
    pollMs: 60_000,
    isNeeded: () => false,
    onChange: () => undefined,
    onProblem: () => undefined,
  });
  const catalog = await reader.start();
  await reader.stop();
  return catalog;
}
