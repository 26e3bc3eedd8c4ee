import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { copyDatabase, runDirect } from "../support/twins.ts";

/**
 * One table of cases, spelt by one script for each driver. What an old version sees has to be the same
 * on a database that has its names, without Straddle, and through Straddle in each of `WAYS`.
 */

/** Each case, and what every driver sees in it: no two answers are the same for being empty. */
const CASES: Readonly<Record<string, string>> = {
  types: "12345678.90",
  parameters: "y,z",
  prepared: "20",
  batch: "sale_user_positive",
  transaction: "25P02",
  savepoint: "sale_pkey",
  errors: "sale_user_id_note_key",
  "copy in": "Dee, D",
  "copy out": "user_id,full_name",
  "copy error": "22P02",
  cursor: "20",
  metadata: "user_id",
  notify: "news",
  notice: "a warning",
  cancel: "20",
  timeout: "57014",
  large: "5000000",
};

interface Driver {
  readonly name: string;
  readonly package: string;
  readonly script: string;
  readonly program: string;
  readonly args?: readonly string[];
  /** Of one that is compiled, into a folder: how, and what runs then in the script's place. */
  readonly compiled?: {
    readonly by: (script: string, folder: string) => readonly string[];
    readonly run: (folder: string) => readonly string[];
  };
  /** Says by its exit status whether the driver is there. */
  readonly probe: readonly string[];
}

const JDBC = "/usr/share/java/postgresql.jar";
/** Debian's own, for which its packages are, whatever else comes first in PATH. */
const PYTHON = "/usr/bin/python3";

const DRIVERS: readonly Driver[] = [
  {
    name: "psycopg2",
    package: "python3-psycopg2",
    script: "psycopg2_contract.py",
    program: PYTHON,
    probe: ["-c", "import psycopg2"],
  },
  {
    name: "asyncpg",
    package: "python3-asyncpg",
    script: "asyncpg_contract.py",
    program: PYTHON,
    probe: ["-c", "import asyncpg"],
  },
  {
    name: "pgjdbc",
    package: "libpostgresql-jdbc-java and default-jdk-headless",
    script: "Contract.java",
    program: "java",
    args: ["-XX:TieredStopAtLevel=1"],
    compiled: {
      by: (script, folder) => [
        ...["-m", "jdk.compiler/com.sun.tools.javac.Main", "-cp", JDBC],
        ...["-d", folder, script],
      ],
      run: (folder) => ["-cp", `${JDBC}:${folder}`, "Contract"],
    },
    // Only a JDK has a compiler.
    probe: ["--describe-module", "jdk.compiler"],
  },
  {
    name: "DBD::Pg",
    package: "libdbd-pg-perl",
    script: "dbd_pg_contract.pl",
    program: "perl",
    probe: ["-MDBD::Pg", "-e", "1"],
  },
  {
    name: "Ruby's pg",
    package: "ruby-pg",
    script: "ruby_pg_contract.rb",
    program: "ruby",
    probe: ["-e", 'require "pg"'],
  },
];

const SCHEMA = `
  CREATE TABLE sale (
    id int PRIMARY KEY,
    user_id int NOT NULL CONSTRAINT sale_user_positive CHECK (user_id > 0),
    amount numeric(10, 2),
    note text,
    at timestamptz,
    extra jsonb,
    tags text[],
    raw bytea,
    UNIQUE (user_id, note)
  );
  CREATE TABLE person (id int PRIMARY KEY, full_name text);
  INSERT INTO sale VALUES
    (1, 20, 12345678.90, 'a', '2026-01-01 00:00:00.123456+00', '{"k": [1, {"ä": null}]}', '{x,"y z",NULL}', '\\x00ff'),
    (2, 1, 0, '', NULL, 'null', '{}', ''),
    (3, 7, NULL, NULL, 'infinity', NULL, NULL, NULL);
  INSERT INTO person VALUES (1, 'Ann'), (2, 'Bob');
`;

const FLIP = `
  ALTER TABLE sale RENAME user_id TO customer_id;
  ALTER TABLE person RENAME full_name TO name;
  ALTER TABLE person RENAME TO people;
`;

const WINDOWS = `
windows:
  - { table: public.sale, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
  - { table: public.person, rename_table: people, rename: { full_name: name }, old: "<2.0.0", new: ">=2.0.0" }
`;

const WAYS = [
  { way: "without a window", settings: "", flip: "" },
  { way: "with a window, before the flip", settings: WINDOWS, flip: "" },
  { way: "with a window, after the flip", settings: WINDOWS, flip: FLIP },
] as const;

let template: TestDatabase;

beforeAll(async () => {
  template = await createDatabase();
  await runDirect(template, SCHEMA);
});

afterAll(() => template?.drop());

/** Whether the driver is there; where it is not, its tests are skipped by names that say what is missing. */
function isThere({ name, program, probe }: Driver): boolean {
  return spawnSync(program, probe).status === 0 && (name !== "pgjdbc" || existsSync(JDBC));
}

for (const driver of DRIVERS) {
  const isMissing = !isThere(driver);
  const name = isMissing ? `${driver.name} (missing: ${driver.package})` : driver.name;
  describe.skipIf(isMissing)(name, () => {
    let folder: string;
    let command: readonly string[];
    let expected: readonly Seen[];

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "straddle-driver-"));
      command = commandOf(driver, folder);
      const direct = await copyDatabase(template);
      expected = await run(command, direct, direct.connection.port);
      await direct.drop();
    }, 60_000);

    afterAll(() => rmSync(folder, { recursive: true }));

    test("sees something in every case", () => {
      const sees = Object.entries(CASES);
      expect(expected.map((each) => each.case)).toEqual(Object.keys(CASES));
      const blind = sees.filter(
        ([title, text]) =>
          !JSON.stringify(expected.find((each) => each.case === title)).includes(text),
      );
      expect(blind).toEqual([]);
    });

    for (const { way, settings, flip } of WAYS) {
      test(`sees the same through Straddle ${way}`, { timeout: 60_000 }, async () => {
        const database = await copyDatabase(template);
        if (flip !== "") await runDirect(database, flip);
        const straddle = await startTestStraddle(database, settings);
        const found = await run(command, database, straddle.port);
        await straddle.stop();
        await database.drop();
        for (const each of expected) {
          expect(found.find((other) => other.case === each.case)).toEqual(each);
        }
        expect(found.length).toBe(expected.length);
      });
    }
  });
}

/** One line of a script. */
interface Seen {
  readonly case: string;
  readonly saw: unknown;
}

/** What runs a driver's script; compiled, where it has to be. */
function commandOf({ program, args = [], script, compiled }: Driver, folder: string): string[] {
  const file = fileURLToPath(new URL(`drivers/${script}`, import.meta.url));
  if (compiled === undefined) return [program, ...args, file];
  const { status, stderr } = spawnSync(program, compiled.by(file, folder), { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return [program, ...args, ...compiled.run(folder)];
}

/** Runs a script to its end, without holding up Straddle, which is in this process. */
async function run(
  [program = "", ...args]: readonly string[],
  database: TestDatabase,
  port: number | undefined,
): Promise<readonly Seen[]> {
  const where = ["127.0.0.1", String(port), database.name, "shop@1.4.0"];
  const child = spawn(program, [...args, ...where], {
    env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8", TZ: "UTC", PYTHONDONTWRITEBYTECODE: "1" },
  });
  const output: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
  const status = await new Promise((resolve) => child.on("close", resolve));
  expect({ status, stderr: Buffer.concat(complaints).toString() }).toEqual({
    status: 0,
    stderr: "",
  });
  const lines = Buffer.concat(output).toString().trimEnd().split("\n");
  return lines.map((line): Seen => JSON.parse(line));
}
