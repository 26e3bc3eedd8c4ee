import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SetupError } from "../../../src/cli/fail.ts";
import { migrationFiles } from "../../../src/cli/lint/migration-files.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "straddle-lint-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, text: string | Uint8Array = "SELECT 1;"): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function pathsIn(...paths: readonly string[]): string[] {
  return migrationFiles(paths.map((path) => join(folder, path))).map(({ path }) =>
    path.slice(folder.length + 1),
  );
}

const folders = [
  {
    name: "Flyway: versions by number, repeatable ones last, no undo",
    files: [
      "V10__c.sql",
      "V2__b.sql",
      "V1.1__a.sql",
      "R__views.sql",
      "U2__b.sql",
      "V2__b.sql.conf",
    ],
    order: ["V1.1__a.sql", "V2__b.sql", "V10__c.sql", "R__views.sql"],
  },
  {
    name: "golang-migrate: by number, up only",
    files: ["10_c.up.sql", "9_b.up.sql", "9_b.down.sql", "10_c.down.sql"],
    order: ["9_b.up.sql", "10_c.up.sql"],
  },
  {
    name: "Prisma: a folder for each, without its down.sql",
    files: [
      "20240102_b/migration.sql",
      "20240101_a/migration.sql",
      "20240101_a/down.sql",
      "migration_lock.toml",
    ],
    order: ["20240101_a/migration.sql", "20240102_b/migration.sql"],
  },
  {
    name: "folders inside, but for hidden ones and packages",
    files: ["b/1.sql", "a/2.sql", ".git/3.sql", "node_modules/p/4.sql", "notes.txt"],
    order: ["a/2.sql", "b/1.sql"],
  },
];

for (const { name, files, order } of folders) {
  test(name, () => {
    for (const file of files) write(file);
    expect(pathsIn("")).toEqual(order);
  });
}

test("sqitch: what is to deploy, in the plan's order", () => {
  write(
    "sqitch.plan",
    "%syntax-version=1.0.0\n%project=app\n\nusers 2024-01-01T10:00:00Z Ann <a@b> # x\n@v1 2024-01-01T10:00:00Z Ann <a@b> # tag\nage [users] 2024-01-02T10:00:00Z Ann <a@b> # y\n",
  );
  for (const file of ["deploy/age.sql", "deploy/users.sql", "revert/age.sql", "verify/age.sql"])
    write(file);
  expect(pathsIn("")).toEqual(["deploy/users.sql", "deploy/age.sql"]);
});

test("a file that is named is taken whatever it is, and once", () => {
  write("1_a.down.sql");
  expect(pathsIn("1_a.down.sql", "1_a.down.sql")).toEqual(["1_a.down.sql"]);
});

test("Flyway's settings come along", () => {
  write("V1__a.sql");
  write("V1__a.sql.conf", "executeInTransaction=false");
  expect(migrationFiles([folder])).toEqual([
    { path: join(folder, "V1__a.sql"), text: "SELECT 1;", settings: "executeInTransaction=false" },
  ]);
});

test("what can't be read is one sentence", () => {
  const missing = join(folder, "nowhere.sql");
  expect(() => migrationFiles([missing])).toThrow(
    new SetupError(`${missing}: there is no such file or socket`),
  );
  expect(() => migrationFiles([folder])).toThrow(
    new SetupError(`${folder}: there is no migration in this folder`),
  );
  write("latin1.sql", new Uint8Array([0x2d, 0x2d, 0xe4]));
  expect(() => migrationFiles([folder])).toThrow(
    new SetupError(`${join(folder, "latin1.sql")} is not UTF-8`),
  );
});
