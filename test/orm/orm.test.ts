import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { copyDatabase, runDirect } from "../support/twins.ts";
import { App, type Where } from "./app.ts";
import {
  expectedOf,
  KEEPERS,
  RENAMES,
  RENAMES_BACK,
  SCHEMA,
  VERSIONS,
  type Version,
  WINDOWS,
} from "./contract.ts";
import { missingFor, TOOLS, type Tool } from "./tools.ts";

/**
 * One small app for each tool runs as two versions at once, on one database, while its names change. What
 * the tool reads of the schema has the version's names, whatever the database's are.
 */

let template: TestDatabase;

beforeAll(async () => {
  template = await createDatabase();
  await runDirect(template, SCHEMA);
});

afterAll(() => template?.drop());

for (const tool of TOOLS) {
  const missing = missingFor(tool);
  const name = missing === undefined ? tool.name : `${tool.name} (missing: ${missing})`;
  describe.skipIf(missing !== undefined)(name, () => {
    let schemas: Promise<Schemas> | undefined;
    const direct = () => {
      schemas ??= playDirect(tool);
      return schemas;
    };
    const alone = "each version sees what it has to on a database of its own, without Straddle";
    test(alone, { timeout: 90_000 }, async () => {
      const { "1.0.0": old, "2.0.0": renamed } = await direct();
      if (tool.readsSchema !== true) return;
      expect(old).toContain("user_id");
      expect(renamed).toContain("customer_id");
    });
    const both = "both see it at once on one database, before, while and after its names change";
    test(both, { timeout: 90_000 }, async () => throughStraddle(tool, await direct()));
  });
}

/** What a tool reads of the schema, as text; nothing for one that reads none. */
type Schemas = Readonly<Record<Version, string>>;

async function playDirect(tool: Tool): Promise<Schemas> {
  const own = async (version: Version) => {
    const database = await copyDatabase(template);
    if (version === "2.0.0") await runDirect(database, RENAMES.join(";"));
    const schema = await playOnce(tool, version, where(database));
    await database.drop();
    return schema;
  };
  const [old, renamed] = await Promise.all([own("1.0.0"), own("2.0.0")]);
  return { "1.0.0": old, "2.0.0": renamed };
}

/** How many whole rounds each version plays between two renames, at least. */
const PHASE_ROUNDS = 1;
/** There, back and there again: rounds between all renames of the first turn, and after the others. */
const TURNS = [
  ...RENAMES.map((rename) => [rename]),
  ...(process.env["STRADDLE_ORM_FULL"] === undefined
    ? [RENAMES_BACK, RENAMES]
    : [...RENAMES_BACK, ...RENAMES].map((rename) => [rename])),
];

async function throughStraddle(tool: Tool, schemas: Schemas): Promise<void> {
  const database = await copyDatabase(template);
  const straddle = await startTestStraddle(database, WINDOWS);
  const server = { ...where(database), port: straddle.port ?? 0 };
  const apps = VERSIONS.map((version) => new App(tool, version, server));
  for (const [at, version] of VERSIONS.entries()) {
    expect(await schemaOf(tool, apps[at], server)).toBe(schemas[version]);
  }
  const migration = new pg.Client({ ...database.connection, host: "127.0.0.1", port: server.port });
  await migration.connect();
  await migration.query("SET lock_timeout = '5s'");

  // They never pause, so that each rename comes in the middle of a round of both.
  let isOver = false;
  const playing = apps.map(async (app) => {
    while (!isOver) await app.playRound();
  });
  const phase = async () => {
    const goals = apps.map((app) => app.rounds.length + PHASE_ROUNDS + 1);
    const isPlayed = () => apps.every((app, at) => app.rounds.length >= (goals[at] ?? 0));
    while (!isPlayed()) await Promise.race([sleep(10), ...playing]);
  };
  try {
    await phase();
    for (const renames of TURNS) {
      for (const rename of renames) await migration.query(rename);
      await phase();
    }
  } finally {
    isOver = true;
    await Promise.allSettled(playing);
    await migration.end();
  }

  for (const [at, version] of VERSIONS.entries()) {
    const app = apps[at];
    expect(await app?.end()).toEqual({ status: 0, stderr: "" });
    const rounds = app?.rounds ?? [];
    for (const { saw } of rounds) expect(saw).toEqual(expectedOf(version));
    const kept = await totalsOf(database, KEEPERS[version]);
    expect(kept).toEqual(rounds.map(({ round }) => round));
  }
  // Who starts after the renames has seen no other names.
  const after = await Promise.all(VERSIONS.map((version) => playOnce(tool, version, server)));
  expect(after).toEqual(VERSIONS.map((version) => schemas[version]));
  await straddle.stop();
  await database.drop();
}

/** An app from its start to its end; gives what it reads of the schema. */
async function playOnce(tool: Tool, version: Version, server: Where): Promise<string> {
  const app = new App(tool, version, server);
  const schema = await schemaOf(tool, app, server);
  await app.playRound();
  expect(await app.end()).toEqual({ status: 0, stderr: "" });
  expect(app.rounds).toEqual([{ round: 1, saw: expectedOf(version) }]);
  return schema;
}

async function schemaOf(tool: Tool, app: App | undefined, server: Where): Promise<string> {
  if (tool.readsSchema !== true) return "";
  const schema = JSON.stringify(await app?.readSchema(), undefined, 1);
  return schema.replaceAll(server.database, "the database");
}

function where({ name, connection }: TestDatabase): Where {
  return { database: name, port: connection.port ?? 0 };
}

/** What somebody ordered, by the names that the database has in the end. */
async function totalsOf(database: TestDatabase, person: number): Promise<readonly unknown[]> {
  const client = new pg.Client(database.connection);
  await client.connect();
  const { rows } = await client.query(
    "SELECT total_cents FROM orders JOIN people p ON p.id = customer_id WHERE p.id = $1 ORDER BY orders.id",
    [person],
  );
  await client.end();
  return rows.map((row) => row.total_cents);
}
