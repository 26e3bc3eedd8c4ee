import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect } from "../support/twins.ts";

/** What lets a statement pass that the guard's rules are against. */

const folder = mkdtempSync(join(tmpdir(), "straddle-overrides-"));
const path = join(folder, "audit.jsonl");
const RULE = "require-concurrent-index-creation";
const ALLOWED = `straddle:allow=${RULE} reason='nobody''s table'`;

let database: TestDatabase;
let straddle: Straddle;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(
    database,
    "CREATE TABLE large AS SELECT i AS id FROM generate_series(1, 9000) AS i",
  );
  straddle = await startTestStraddle(
    database,
    `guard: { small_table: 100KiB, rules: { statement-timeout: off }, allow_roles: [postgres] }
audit: { to: file, path: ${path} }
metrics: { port: 0 }`,
  );
});

afterAll(async () => {
  await straddle.stop();
  await database.drop();
  rmSync(folder, { recursive: true });
});

/** How each of some statements ended, on one session: its SQLSTATE or "". */
async function run(statements: readonly (string | pg.QueryConfig)[], user = "postgres") {
  const client = new pg.Client({
    ...database.connection,
    host: "127.0.0.1",
    port: straddle.port,
    user,
  });
  await client.connect();
  const outcomes: string[] = [];
  for (const statement of ["SET lock_timeout = '2s'", ...statements]) {
    const error = await client.query(statement).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    outcomes.push(error instanceof pg.DatabaseError ? (error.code ?? "") : "");
  }
  await client.end();
  return outcomes.slice(1);
}

const create = "CREATE INDEX ON large (id)";

const cases: readonly {
  readonly name: string;
  readonly statements: readonly (string | pg.QueryConfig)[];
  readonly outcomes: readonly string[];
}[] = [
  { name: "a comment in front", statements: [`/* ${ALLOWED} */ ${create}`], outcomes: [""] },
  { name: "a comment behind", statements: [`${create} -- ${ALLOWED}`], outcomes: [""] },
  {
    name: "in the extended protocol, each time that it is executed",
    statements: [
      { name: "a", text: `/* ${ALLOWED} */ ${create}` },
      { name: "a", text: `/* ${ALLOWED} */ ${create}` },
    ],
    outcomes: ["", ""],
  },
  {
    name: "it holds for the statement that it stands at alone",
    statements: [
      `/* ${ALLOWED} */ ${create}; ${create}`,
      `${create}; /* ${ALLOWED} */ ${create}`,
      create,
    ],
    outcomes: ["55000", "55000", "55000"],
  },
  {
    name: "in a string it is no comment",
    statements: [`COMMENT ON TABLE large IS '/* ${ALLOWED.replaceAll("'", "''")} */'; ${create}`],
    outcomes: ["55000"],
  },
  {
    name: "of another rule it is not for this one",
    statements: ["/* straddle:allow=ban-cluster reason='x' */ CREATE INDEX ON large (id)"],
    outcomes: ["55000"],
  },
  {
    name: "a rule that there is not, or no reason",
    statements: [
      "/* straddle:allow=require-index reason='x' */ CREATE INDEX ON large (id)",
      `/* straddle:allow=${RULE} */ CREATE INDEX ON large (id)`,
      `/* straddle:allow=${RULE} reason=' ' */ CREATE INDEX ON large (id)`,
    ],
    outcomes: ["22023", "22023", "22023"],
  },
  {
    name: "the setting, up to its end",
    statements: [
      `SET straddle.allow = '${RULE} reason=''because'''`,
      create,
      { name: "b", text: create },
      "RESET straddle.allow",
      create,
    ],
    outcomes: ["", "", "", "", "55000"],
  },
  {
    name: "the setting of a transaction, and one that was rolled back",
    statements: [
      `BEGIN; SET LOCAL straddle.allow = '${RULE} reason=''because'''; ${create}; COMMIT`,
      create,
      `BEGIN; SET straddle.allow = '${RULE} reason=''because'''; ROLLBACK`,
      create,
    ],
    outcomes: ["", "55000", "", "55000"],
  },
  {
    name: "a setting that is wrong is refused, and where it came by another way so is what it is for",
    statements: [
      `SET straddle.allow = '${RULE}'`,
      "SET straddle.allow = 'no-rule reason=''x'''",
      `SELECT set_config('straddle.allow', '${RULE}', false)`,
      create,
    ],
    outcomes: ["22023", "22023", "", "22023"],
  },
  {
    name: "lock_timeout",
    statements: [
      "RESET lock_timeout",
      "/* straddle:allow=lock-timeout reason='at night' */ ALTER TABLE large ADD COLUMN night int",
      "ALTER TABLE large ADD COLUMN day int",
    ],
    outcomes: ["", "", "55000"],
  },
];

for (const { name, statements, outcomes } of cases) {
  test(name, async () => {
    expect(await run(statements)).toEqual(outcomes);
  });
}

test("a role that may not", async () => {
  await runDirect(
    database,
    "DO $$ BEGIN CREATE ROLE overrides_not LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; CREATE TABLE others AS SELECT * FROM large; ALTER TABLE others OWNER TO overrides_not; GRANT CREATE ON SCHEMA public TO overrides_not",
  );
  const outcomes = await run([`/* ${ALLOWED} */ CREATE INDEX ON others (id)`], "overrides_not");
  await runDirect(
    database,
    "DROP TABLE others; DROP OWNED BY overrides_not; DROP ROLE overrides_not",
  );
  expect(outcomes).toEqual(["55000"]);
});

test("the refusal says how, and what was allowed is in the audit log and the metrics", async () => {
  const client = new pg.Client({ ...database.connection, host: "127.0.0.1", port: straddle.port });
  await client.connect();
  await client.query("SET lock_timeout = '2s'");
  const error: unknown = await client.query(create).catch((reason: unknown) => reason);
  const comment = /\/\* straddle:allow=.* \*\//.exec(
    error instanceof pg.DatabaseError ? (error.hint ?? "") : "",
  )?.[0];
  await client.query(`${comment?.replace("…", "read in a test")} ${create}`);
  await client.end();
  const metrics = await (await fetch(`http://127.0.0.1:${straddle.metricsPort}/metrics`)).text();
  await expect
    .poll(() =>
      readFileSync(path, "utf8")
        .split("\n")
        .find((line) => line.includes("read in a test")),
    )
    .toMatch(
      `"verdict":"pass","guard":[{"rule":"${RULE}","outcome":"override","reason":"read in a test"}]`,
    );
  expect(metrics).toMatch(/straddle_guard_findings_total\{[^}]*outcome="override"[^}]*\} [1-9]/);
});
