import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { copyDatabase, runDirect } from "../support/twins.ts";
import { App } from "./app.ts";
import { RENAMES, SCHEMA, VERSIONS, type Version, WINDOWS } from "./contract.ts";
import { missingFor, TOOLS, type Tool } from "./tools.ts";

/** What each tool reads of the schema has the version's names, whatever the database's are. */

let old: TestDatabase;
let renamed: TestDatabase;

beforeAll(async () => {
  old = await createDatabase();
  await runDirect(old, SCHEMA);
  renamed = await copyDatabase(old);
  await runDirect(renamed, RENAMES.join(";"));
});

afterAll(async () => {
  await old?.drop();
  await renamed?.drop();
});

const COLUMNS = { "1.0.0": "user_id", "2.0.0": "customer_id" } as const;

describe("what is read of the schema is the same through Straddle, before and after", () => {
  for (const tool of TOOLS.filter((each) => each.readsSchema)) {
    const missing = missingFor(tool);
    const name = missing === undefined ? tool.name : `${tool.name} (missing: ${missing})`;
    test.skipIf(missing !== undefined)(name, { timeout: 90_000 }, () => sameSchema(tool));
  }
});

async function sameSchema(tool: Tool): Promise<void> {
  for (const version of VERSIONS) {
    const own = version === "1.0.0" ? old : renamed;
    const expected = await read(tool, version, own, own.connection.port);
    expect(expected).toContain(COLUMNS[version]);
    for (const database of [old, renamed]) {
      const straddle = await startTestStraddle(database, WINDOWS);
      const found = await read(tool, version, database, straddle.port);
      expect(found).toBe(expected.replaceAll(own.name, database.name));
      await straddle.stop();
    }
  }
}

async function read(tool: Tool, version: Version, { name }: TestDatabase, port = 0) {
  const app = new App(tool, version, { database: name, port });
  const schema = await app.readSchema();
  expect(await app.end()).toEqual({ status: 0, stderr: "" });
  return JSON.stringify(schema, undefined, 1);
}
