import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RULE_IDS } from "../../src/base/rule-ids.ts";
import { type Ran, runCommand, spawnCommand } from "../support/command.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { writeConfig } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";

/** `straddle lint`: most of it in this process, and some of each kind as it is shipped. */

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "straddle-lint-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const lint = (args: readonly string[], input = ""): Promise<Ran> =>
  runCommand(["lint", ...args], { folder, input });

const SAFE = "SET lock_timeout = '2s';\nSET statement_timeout = '5s';\n";
const INDEX = "CREATE INDEX orders_user_id ON orders (user_id);\n";

test("a finding is shown under its line, with why and the safe way; 1", async () => {
  write("db/002_index.up.sql", `${SAFE}\n\t${INDEX}`);
  write("db/002_index.down.sql", INDEX);
  expect(await lint(["db"])).toEqual({
    status: 1,
    err: "",
    out: `db/002_index.up.sql:4:2: error: CREATE INDEX on orders without CONCURRENTLY blocks writes while it builds [require-concurrent-index-creation]
  4 | \tCREATE INDEX orders_user_id ON orders (user_id);
    | \t^
  why: CREATE INDEX reads every row, and has a SHARE lock on orders until its transaction ends: every INSERT, UPDATE, DELETE and schema change has to wait as long.
  instead: Run CREATE INDEX CONCURRENTLY, outside of a transaction block. If it fails it leaves an invalid index: drop that before you try again.
  safe:
    CREATE INDEX CONCURRENTLY orders_user_id ON orders (user_id);

1 file: 1 error, 0 warnings
`,
  });
});

test("nothing to say is 0, and a warning alone as well", async () => {
  const result = await lint(["-"], `${SAFE}ALTER TABLE orders ADD COLUMN note text;`);
  expect(result).toEqual({ status: 0, err: "", out: "1 file: 0 errors, 0 warnings\n" });
  const warned = await lint(
    ["-", "--rule", "require-concurrent-index-creation=warn"],
    SAFE + INDEX,
  );
  expect(warned.status).toBe(0);
  expect(warned.out).toContain("<stdin>:3:1: warning: CREATE INDEX on orders");
});

test("a comment allows what it names, with a reason", async () => {
  const allow = "-- straddle:allow=require-concurrent-index-creation reason='no writes yet'\n";
  const result = await lint(["-"], SAFE + allow + INDEX);
  expect(result).toMatchObject({ status: 0, out: "1 file: 0 errors, 0 warnings, 1 allowed\n" });
  expect((await lint(["-"], `${SAFE}${allow}${INDEX}${INDEX}`)).status).toBe(1);
});

test("what can't be judged is 2, beside what could be", async () => {
  write("1.sql", "ALTER TABEL orders;");
  write("2.sql", `-- straddle:allow=nope reason='x'\n${SAFE}${INDEX}`);
  const result = await lint(["."]);
  expect(result.status).toBe(2);
  expect(result.out).toContain(
    '1.sql:1:7: error: syntax error at or near "TABEL"\n  1 | ALTER TABEL orders;\n    |       ^\n',
  );
  expect(result.out).toContain('2.sql:1:4: error: straddle:allow: there is no rule "nope"');
  expect(result.out).toContain("2.sql:4:1: error: CREATE INDEX on orders");
  expect(result.out).toMatch(
    /2 files: 1 error, 0 warnings, 2 problems, so that not all was judged\n$/,
  );
});

const misuse = [
  {
    args: ["nowhere.sql"],
    err: "straddle: nowhere.sql: there is no such file or socket\n",
  },
  {
    args: ["-", "--rule", "ban-clutser=off"],
    err: 'straddle: --rule ban-clutser=off: there is no rule "ban-clutser"; did you mean ban-cluster?\n',
  },
  {
    args: ["-", "--rule", "ban-cluster=error"],
    err: "straddle: --rule ban-cluster=error: a severity is block, warn, off, such as ban-cluster=warn\n",
  },
  {
    args: ["-", "x.sql"],
    err: "straddle: - is standard input, and has to be the only path\n",
  },
];

for (const { args, err } of misuse) {
  test(`lint ${args.join(" ")} is 2`, async () => {
    expect(await lint(args)).toEqual({ status: 2, out: "", err });
  });
}

const shipped = [
  { name: "a finding in what stdin says", args: ["-"], input: INDEX, status: 1 },
  {
    name: "a warning, as JSON",
    args: ["-", "--json", "--rule", "require-concurrent-index-creation=warn"],
    input: SAFE + INDEX,
    status: 0,
  },
  { name: "files and folders", args: ["db"], input: "", status: 1 },
  { name: "what can't be judged", args: ["-"], input: "ALTER TABEL orders;", status: 2 },
  { name: "no such file", args: ["nowhere.sql"], input: "", status: 2 },
  { name: "a misspelt option", args: ["-", "--jsn"], input: "", status: 2 },
];

for (const { name, args, input, status } of shipped) {
  test(`as a process of its own: ${name}`, async () => {
    write("db/002_index.up.sql", INDEX);
    const surroundings = { folder, input };
    const ran = await spawnCommand(["lint", ...args], surroundings);
    expect(ran).toEqual(await runCommand(["lint", ...args], surroundings));
    expect(ran.status).toBe(status);
    expect(ran.out === "").toBe(ran.err !== "");
  });
}

test("--transaction says how files are run that don't say it themselves", async () => {
  const concurrently = `${SAFE}CREATE INDEX CONCURRENTLY orders_user_id ON orders (user_id);`;
  expect((await lint(["-"], concurrently)).status).toBe(0);
  const result = await lint(["-", "--transaction", "one"], concurrently);
  expect(result.out).toContain("[ban-concurrently-in-transaction]");
  const none = `-- straddle:transaction=none\n${concurrently}`;
  expect((await lint(["-", "--transaction", "one"], none)).status).toBe(0);
});

test("--json has all of it", async () => {
  const { status, out } = await lint(["-", "--json"], SAFE + INDEX);
  expect(status).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    blocking: 1,
    warnings: 0,
    allowed: 0,
    problems: 0,
    files: [
      {
        path: "<stdin>",
        problems: [],
        findings: [
          {
            line: 3,
            column: 1,
            endLine: 3,
            endColumn: 48,
            rule: "require-concurrent-index-creation",
            group: "blocks",
            severity: "block",
            safeSql: ["CREATE INDEX CONCURRENTLY orders_user_id ON orders (user_id)"],
            table: { name: "orders" },
            allowed: null,
          },
        ],
      },
    ],
  });
});

test("--format github: annotations, with what would end them escaped", async () => {
  write("a,b.sql", `${SAFE}CREATE INDEX "100%:" ON orders\n (user_id);\n`);
  const { status, out } = await lint(["a,b.sql", "--format", "github"]);
  expect(status).toBe(1);
  const [annotation = ""] = out.split("\n");
  expect(annotation).toMatch(
    /^::error file=a%2Cb\.sql,line=3,endLine=4,col=1,title=require-concurrent-index-creation::CREATE INDEX on orders [^\r]*%0A/,
  );
  expect(annotation).toContain('%0ACREATE INDEX CONCURRENTLY "100%25:" ON orders%0A (user_id);');
});

test("--format sarif: a log of SARIF 2.1.0, with what is allowed as suppressed", async () => {
  write(
    "my migrations/1.sql",
    `${SAFE}${INDEX}-- straddle:allow=ban-cluster reason='at night'\nCLUSTER orders;`,
  );
  write("my migrations/2.sql", "ALTER TABEL x;");
  const { status, out } = await lint(["my migrations", "--format", "sarif"]);
  expect(status).toBe(2);
  const log = JSON.parse(out);
  expect(log).toMatchObject({
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "straddle" } } }],
  });
  const [run] = log.runs;
  expect(run.invocations).toMatchObject([
    {
      executionSuccessful: false,
      toolExecutionNotifications: [
        {
          level: "error",
          message: { text: 'syntax error at or near "TABEL"' },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: "my%20migrations/2.sql" },
                region: { startLine: 1, startColumn: 7 },
              },
            },
          ],
        },
      ],
    },
  ]);
  const { rules } = run.tool.driver;
  for (const result of run.results) {
    expect(rules[result.ruleIndex].id).toBe(result.ruleId);
    expect(["error", "warning"]).toContain(result.level);
    expect(result.message.text).not.toBe("");
  }
  expect(run.results).toMatchObject([
    {
      ruleId: "require-concurrent-index-creation",
      level: "error",
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "my%20migrations/1.sql" },
            region: { startLine: 3, startColumn: 1, endLine: 3, endColumn: 48 },
          },
        },
      ],
    },
    { ruleId: "ban-cluster", suppressions: [{ kind: "inSource", justification: "at night" }] },
  ]);
  expect(run.results[0]).not.toHaveProperty("suppressions");
});

test("--fix prints the file on stdout, and what is left on stderr", async () => {
  write("002_index.up.sql", `${SAFE}${INDEX}`);
  expect(await lint(["002_index.up.sql", "--fix"])).toMatchObject({
    status: 1, // golang-migrate sends all three as one query, which is a transaction.
    out: `${SAFE}-- straddle: can't run in a transaction: move it to a migration that has none\nCREATE INDEX CONCURRENTLY orders_user_id ON orders (user_id);\n`,
    err: expect.stringContaining(
      "002_index.up.sql:4:1: error: CREATE INDEX CONCURRENTLY can't run",
    ),
  });
  write("other.sql", INDEX);
  expect(await lint([".", "--fix"])).toEqual({
    status: 2,
    out: "",
    err: "straddle: --fix prints one file, and these are 2\n",
  });
});

test("--explain prints a rule's page, or which rules there are", async () => {
  const page = await lint(["--explain", "ban-cluster"]);
  expect(page).toMatchObject({ status: 0, err: "" });
  expect(page.out).toMatch(
    /^ban-cluster \(blocks others; block by default\)\n\nWhy: .+\nInstead: .+\n/,
  );
  expect(page.out).toContain("\nRefused:\n    CLUSTER ");
  const list = await lint(["--explain"]);
  expect(list.out.trimEnd().split("\n")).toHaveLength(RULE_IDS.length);
  expect((await lint(["--explain", "ban-clutser"])).err).toBe(
    'straddle: --explain: there is no rule "ban-clutser"; did you mean ban-cluster?\n',
  );
});

describe("against a server", () => {
  const files = [
    "CREATE INDEX ON small (a);",
    "CREATE INDEX ON large (a);",
    "CREATE INDEX ON absent (a);",
  ];

  /** Paths of findings of a rule. */
  function against(rule: string, { out }: Ran): readonly string[] {
    return JSON.parse(out).files.flatMap(
      ({ path, findings }: { path: string; findings: { rule: string }[] }) =>
        findings.some((finding) => finding.rule === rule) ? [path] : [],
    );
  }

  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase();
    await runDirect(
      database,
      `CREATE TABLE small (a int); CREATE TABLE large (a int, filler text);
       INSERT INTO large SELECT n, repeat('x', 1000) FROM generate_series(1, 12000) AS n;
       ALTER DATABASE ${database.name} SET lock_timeout = '2s';`,
    );
  });

  afterAll(() => database.drop());

  beforeEach(() => {
    for (const [index, sql] of files.entries()) write(`${index}.sql`, sql);
  });

  const INDEX_RULE = "require-concurrent-index-creation";

  test("without one all tables are large", async () => {
    const offline = await lint([".", "--json"]);
    expect(against(INDEX_RULE, offline)).toEqual(["0.sql", "1.sql", "2.sql"]);
    expect(against("lock-timeout", offline)).toEqual(["0.sql", "1.sql", "2.sql"]);
    const strict = writeConfig(database, "guard: { lock_timeout: { max: 1s, inject: 1s } }");
    const unasked = await lint([".", "--json", "--config", strict, "--offline"]);
    expect(against(INDEX_RULE, unasked)).toEqual(["0.sql", "1.sql", "2.sql"]);
  });

  test("sizes, what is not there, and the timeouts of the role come from --server", async () => {
    const asked = await lint([".", "--json", "--server", database.url]);
    expect(asked.status).toBe(1);
    expect(against(INDEX_RULE, asked)).toEqual(["1.sql"]);
    expect(against("lock-timeout", asked)).toEqual([]);
    const strict = writeConfig(database, "guard: { lock_timeout: { max: 1s, inject: 1s } }");
    const both = await lint([".", "--json", "--config", strict, "--server", database.url]);
    expect(against("lock-timeout", both)).toEqual(["0.sql", "1.sql"]);
  });

  test("--config asks its server, and an injected lock_timeout is one", async () => {
    const injecting = writeConfig(database, "guard: { lock_timeout: { on_missing: inject } }");
    const configured = await lint([".", "--json", "--config", injecting]);
    expect(against(INDEX_RULE, configured)).toEqual(["1.sql"]);
    expect(against("lock-timeout", configured)).toEqual([]);
  });

  test("--admin asks a Straddle who uses what: what nobody uses may go", async () => {
    const straddle = await startTestStraddle(database, "metrics: { port: 0 }");
    const client = new pg.Client({
      ...database.connection,
      host: "127.0.0.1",
      port: straddle.port,
      application_name: "shop@1.4.0",
    });
    try {
      await client.connect();
      await client.query("SELECT filler FROM large LIMIT 1");
      const admin = `127.0.0.1:${straddle.metricsPort}`;
      await until("the ledger is sure", async () => {
        const page = await fetch(`http://${admin}/ledger?of=public.large.a&quiet_for=1s`);
        return JSON.parse(await page.text()).doubt === "";
      });
      const asked = ["--server", database.url, "--admin", admin, "--quiet-for", "1s", "--json"];
      write("0.sql", "ALTER TABLE large DROP COLUMN filler;");
      const used = await lint(["0.sql", ...asked]);
      expect(against("ban-drop-column", used)).toEqual(["0.sql"]);
      expect(used.out).toContain("It is still used by shop@1.4.0 (last just now, 1 session");
      write("0.sql", "ALTER TABLE large DROP COLUMN a;");
      expect(against("ban-drop-column", await lint(["0.sql", ...asked]))).toEqual([]);

      const unsure = await lint(["0.sql", "--server", database.url, "--admin", admin, "--json"]);
      expect(against("ban-drop-column", unsure)).toEqual(["0.sql"]);
      expect(unsure.err).toMatch(
        /^straddle: warning: who uses what is not known: 127\.0\.0\.1:\d+: the ledger has been watching since /,
      );
    } finally {
      await client.end();
      await straddle.stop();
    }
  });

  test("guard.rules and guard.small_table of a configuration count", async () => {
    const yaml = "guard: { small_table: 1GiB, rules: { ban-drop-table: warn } }";
    write("1.sql", `${SAFE}CREATE INDEX ON large (a);\nDROP TABLE small;`);
    const { status, out } = await lint([
      "1.sql",
      "--json",
      "--config",
      writeConfig(database, yaml),
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(out).files[0].findings).toMatchObject([
      { rule: "ban-drop-table", severity: "warn" },
    ]);
  });

  test("a server that can't be reached is one sentence", async () => {
    const gone = await lint([".", "--server", "postgres://ann@127.0.0.1:1/shop"]);
    expect(gone).toEqual({
      status: 2,
      out: "",
      err: "straddle: the server 127.0.0.1:1 can't be reached as ann: nothing accepts connections there\n",
    });
  });

  test("a URL that is none is one sentence, without the URL", async () => {
    expect(await lint(["-", "--server", "nowhere"])).toEqual({
      status: 2,
      out: "",
      err: "straddle: --server is not a URL like postgres://user:password@host:5432/database\n",
    });
  });
});
