import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { psql, psqlVersion } from "../support/psql.ts";
import type { TestDatabase } from "../support/server.ts";
import { runDirect, type Twins } from "../support/twins.ts";
import { PSQL_COMMANDS } from "./introspection-cases.ts";
import {
  createIntrospectionTwins,
  FLIP,
  named,
  SIDES,
  type Side,
  VERSIONS,
} from "./introspection-stage.ts";

/** What tools print of a schema whose names have changed is what they print of a version's own database. */

let twins: Twins;

beforeAll(async () => {
  twins = await createIntrospectionTwins();
  await runDirect(twins.shared, FLIP);
  await twins.straddle.state.refreshCatalog();
});

afterAll(() => twins.end());

type Print = (database: TestDatabase, port: number, side: Side) => Promise<string>;

async function expectSamePrinted(side: Side, print: Print): Promise<string> {
  const own = twins[side];
  const expected = await print(own, own.connection.port ?? 0, side);
  const found = await print(twins.shared, twins.straddle.port, side);
  expect(found.replaceAll(twins.shared.name, own.name)).toBe(expected);
  return found;
}

function psqlOf(command: string): Print {
  return async (database, port, side) => {
    const place = `host=${database.connection.host} port=${port} dbname=${database.name} user=postgres`;
    const options = { sql: named(command, side), flags: "-Xw" };
    const printed = await psql(`${place} application_name=${VERSIONS[side]}`, options);
    // A column of type regclass is shown by the physical name: README, "Blind spots".
    return printed.replaceAll(/TABLE "(?:person|people)" CONSTRAINT/g, "TABLE … CONSTRAINT");
  };
}

for (const side of SIDES) {
  test.skipIf(psqlVersion === 0).for(PSQL_COMMANDS)(`psql, ${side} names: %s`, async (command) => {
    await expectSamePrinted(side, psqlOf(command));
  });
}

interface Tool {
  readonly name: string;
  readonly package: string;
  readonly program: string;
  /** What stands before the script's path. */
  readonly options?: readonly string[];
  readonly script: string;
  /** Says by its exit status whether the tool is there. */
  readonly probe: readonly string[];
}

/** Debian's own, for which its packages are, whatever else comes first in PATH. */
const PYTHON = "/usr/bin/python3";

const JDBC = "/usr/share/java/postgresql.jar";

const TOOLS: readonly Tool[] = [
  {
    name: "Django's inspectdb",
    package: "python3-django",
    program: PYTHON,
    script: "django_inspect.py",
    probe: ["-c", "import django, psycopg2"],
  },
  {
    name: "SQLAlchemy's reflection",
    package: "python3-sqlalchemy",
    program: PYTHON,
    script: "sqlalchemy_inspect.py",
    probe: ["-c", "import sqlalchemy, psycopg2"],
  },
  {
    name: "ActiveRecord",
    package: "ruby-activerecord",
    program: "ruby",
    script: "active_record_inspect.rb",
    probe: ["-e", 'require "active_record"; require "pg"'],
  },
  {
    name: "pgjdbc's DatabaseMetaData",
    package: "libpostgresql-jdbc-java and default-jdk-headless",
    program: "java",
    options: ["-XX:TieredStopAtLevel=1", "-cp", JDBC],
    script: "Metadata.java",
    probe: ["--describe-module", "jdk.compiler"],
  },
  {
    name: "Prisma's db pull",
    package: "@prisma/schema-engine-wasm",
    program: process.execPath,
    script: "prisma-pull.mjs",
    probe: ["-e", 'require.resolve("@prisma/schema-engine-wasm")'],
  },
  {
    name: "Drizzle's introspect",
    package: "drizzle-kit",
    program: process.execPath,
    script: "drizzle-introspect.mjs",
    probe: ["-e", 'require.resolve("drizzle-kit")'],
  },
];

function outputOf({ program, options = [], script }: Tool): Print {
  return async (database, port, side) => {
    const path = fileURLToPath(new URL(`tools/${script}`, import.meta.url));
    const args = [
      ...options,
      path,
      database.connection.host ?? "",
      String(port),
      database.name,
      VERSIONS[side],
    ];
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    // One after the other: which of the two comes first is for the system to say.
    const printed = await Promise.all([child.stdout, child.stderr].map((stream) => text(stream)));
    return printed.join("");
  };
}

for (const tool of TOOLS) {
  const isThere =
    spawnSync(tool.program, tool.probe).status === 0 &&
    (tool.program !== "java" || existsSync(JDBC));
  const title = isThere ? tool.name : `${tool.name}, for want of ${tool.package}`;
  test.skipIf(!isThere).for(SIDES)(`${title}, %s names`, async (side) => {
    const printed = await expectSamePrinted(side, outputOf(tool));
    expect(printed).toContain(named("«user_id»", side));
  });
}
