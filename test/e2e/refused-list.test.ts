import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  REFUSED,
  REFUSED_FLIP,
  REFUSED_SCHEMA,
  REFUSED_WINDOWS,
} from "../rewrite/refused-entries.ts";
import { createTwins, runDirect, type Twins } from "../support/twins.ts";
import { outcomeOf } from "../twin/outcome.ts";
import { PipelinedClient } from "../twin/pipelined.ts";

/**
 * The README's list of what is refused: each row has its statements, each of which is sent and its refusal read,
 * and what the row says to write instead works.
 */

let twins: Twins;
let direct: PipelinedClient;
let proxied: PipelinedClient;

beforeAll(async () => {
  const settings = `${REFUSED_WINDOWS}\nguard: { lock_timeout: { on_missing: off } }\n`;
  twins = await createTwins({ schema: REFUSED_SCHEMA, flip: "SELECT", settings });
  await runDirect(twins.shared, REFUSED_FLIP);
  await twins.straddle.state.refreshCatalog();
  const { host = "", port = 0 } = twins.old.connection;
  const startup = { user: "postgres", application_name: "shop@1.4.0" };
  direct = await PipelinedClient.connect({
    host,
    port,
    startup: { ...startup, database: twins.old.name },
  });
  proxied = await PipelinedClient.connect({
    host,
    port: twins.straddle.port,
    startup: { ...startup, database: twins.shared.name },
  });
});

afterAll(async () => {
  direct.end();
  proxied.end();
  await twins.end();
});

test("each row of the README has its cases, in the same order", () => {
  const readme = readFileSync("README.md", "utf8");
  const section = readme.split("\n## What is refused\n")[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  const cells = rows.map((line) => line.slice(2, line.indexOf(" | ")));
  expect(cells).toEqual(["refused", "---", ...REFUSED.map(({ refused }) => refused)]);
});

for (const { refused, detail, before = [], statements, instead } of REFUSED) {
  describe(refused, () => {
    test.for(statements)("%s", async (sql) => {
      const texts = [...before, sql];
      const error = await errorOf(proxied, texts);
      expect(error?.["C"]).toBe("0A000");
      expect(error?.["M"]).toMatch(/^(cannot rewrite this statement|straddle )/);
      expect(error?.["D"]).toMatch(detail);
      expect(error?.["H"]).toMatch(/\w.*\.$/);
      // Direct it works, but that COPY finds no header line in no data.
      const { C: code = "22P04" } = (await errorOf(direct, texts)) ?? {};
      expect(code).toBe("22P04");
    });

    test.skipIf(instead.length === 0)("what to write instead", async () => {
      for (const sql of instead) {
        expect([sql, await errorOf(proxied, [sql])]).toEqual([sql, undefined]);
      }
    });
  });
}

/** Runs texts in a transaction that is undone, and gives the fields of the error, if there is any. */
async function errorOf(
  client: PipelinedClient,
  texts: readonly string[],
): Promise<Readonly<Record<string, string>> | undefined> {
  const [, ...answers] = await Promise.all(["BEGIN", ...texts].map((text) => client.run(text)));
  await client.run("ROLLBACK");
  await client.run("DEALLOCATE ALL");
  const notes = answers.flatMap((answer) => outcomeOf(answer, undefined).notes);
  return notes.find(({ S: severity }) => severity === "ERROR");
}
