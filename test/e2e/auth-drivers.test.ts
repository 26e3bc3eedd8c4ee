import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { AuthStage, entry, PASSWORDS } from "../support/auth-stage.ts";
import { hasOpenssl } from "../support/certificates.ts";

/** Drivers of other languages log in where authentication ends at Straddle: in plain, and with TLS on both sides. */

interface Driver {
  readonly name: string;
  readonly package: string;
  readonly script: string;
  readonly program: string;
  readonly args?: readonly string[];
  /** Says by its exit status whether the driver is there. */
  readonly probe: readonly string[];
}

const JDBC = "/usr/share/java/postgresql.jar";
/** Debian's own, for which its packages are. */
const PYTHON = "/usr/bin/python3";

const DRIVERS: readonly Driver[] = [
  {
    name: "psycopg2",
    package: "python3-psycopg2",
    script: "psycopg2_login.py",
    program: PYTHON,
    probe: ["-c", "import psycopg2"],
  },
  {
    name: "asyncpg",
    package: "python3-asyncpg",
    script: "asyncpg_login.py",
    program: PYTHON,
    probe: ["-c", "import asyncpg"],
  },
  {
    name: "pgjdbc",
    package: "libpostgresql-jdbc-java and default-jdk-headless",
    script: "Login.java",
    program: "java",
    args: ["-XX:TieredStopAtLevel=1", "-cp", JDBC],
    probe: ["--describe-module", "jdk.compiler"],
  },
];

const isThere = ({ name, program, probe }: Driver): boolean =>
  spawnSync(program, probe).status === 0 && (name !== "pgjdbc" || existsSync(JDBC));

let stage: AuthStage;
let straddle: Straddle;

describe.skipIf(!hasOpenssl)("drivers, and authentication that ends at Straddle", () => {
  beforeAll(async () => {
    stage = await AuthStage.start();
    const users = stage.file("users", entry("app_scram", await stage.verifier("app_scram")));
    straddle = await stage.straddle(`mode: scram, users_file: ${users}`, { serverTls: true });
  }, 60_000);

  afterAll(() => stage?.stop());

  for (const driver of DRIVERS) {
    const isMissing = !isThere(driver);
    const name = isMissing ? `${driver.name} (missing: ${driver.package})` : driver.name;
    test.skipIf(isMissing)(name, { timeout: 60_000 }, async () => {
      const right = PASSWORDS["app_scram"] ?? "";
      for (const sslmode of ["disable", "require"]) {
        expect(await run(driver, straddle.port, right, sslmode)).toBe("app_scram");
        const direct = await run(driver, stage.port, "wrong", sslmode);
        expect(direct).toContain('password authentication failed for user "app_scram"');
        const proxied = await run(driver, straddle.port, "wrong", sslmode);
        expect(proxied.replaceAll(String(straddle.port), String(stage.port))).toBe(direct);
      }
    });
  }
});

/** What the script prints. */
async function run(
  driver: Driver,
  port: number,
  password: string,
  sslmode: string,
): Promise<string> {
  const script = fileURLToPath(new URL(`drivers/${driver.script}`, import.meta.url));
  const args = [...(driver.args ?? []), script, String(port), "app_scram", password, sslmode];
  const child = spawn(driver.program, args, {
    env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8", PYTHONDONTWRITEBYTECODE: "1" },
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  await new Promise((resolve) => child.on("close", resolve));
  return printed.trimEnd();
}
