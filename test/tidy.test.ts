import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

/** Imports go down: to a lower floor, or stay in their folder. Siblings do not know each other. */
const FLOORS: Readonly<Record<string, number>> = {
  cli: 8,
  admin: 7,
  audit: 6,
  metrics: 6,
  control: 6,
  ledger: 6,
  session: 5,
  rewrite: 4,
  guard: 4,
  version: 3,
  wire: 2,
  sql: 2,
  config: 2,
  base: 1,
};

/** Each package is hidden by as few files as can be, so that it can be replaced there. */
const OWNERS: Readonly<Record<string, RegExp>> = {
  "libpg-query": /^src\/sql\/libpg-query\.ts$/,
  "@mongodb-js/saslprep": /^src\/wire\/saslprep\.ts$/,
  "prom-client": /^src\/metrics\//,
  pg: /^src\/(control|cli)\//,
  zod: /^src\/config\//,
  yaml: /^src\/(config\/yaml\.ts|cli\/)/,
  commander: /^src\/cli\//,
  semver: /^src\/(config|version)\//,
};

const LINES_MAX = 300;

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join("src", name));

function folderOf(file: string): string {
  return file.split("/")[1] ?? "";
}

function importsOf(file: string): string[] {
  const statement = /^(?:import|export)\b[^;]*?\bfrom "([^"]+)";|\bimport\("([^"]+)"\)/gms;
  const source = readFileSync(file, "utf8");
  return [...source.matchAll(statement)].map(([, named, called]) => named ?? called ?? "");
}

test("there are sources, and every folder has a floor", () => {
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => FLOORS[folderOf(file)] === undefined)).toEqual([]);
});

test("imports go down, never up and never sideways", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith("."))
      .map((name) => join(dirname(file), name))
      .filter((target) => folderOf(target) !== folderOf(file))
      .filter((target) => (FLOORS[folderOf(target)] ?? 99) >= (FLOORS[folderOf(file)] ?? 0))
      .map((target) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("only cli reads the configuration, the environment and the arguments", () => {
  const below = files.filter((file) => !/^src\/(cli|config)\//.test(file));
  const wrong = below.filter(
    (file) =>
      importsOf(file).some((name) => name.includes("/config/")) ||
      /process\.(env|argv)/.test(readFileSync(file, "utf8")),
  );
  expect(wrong).toEqual([]);
});

test("a package is imported by its owner only", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((name) => OWNERS[name]?.test(file) === false)
      .map((name) => `${file} imports ${name}`),
  );
  expect(wrong).toEqual([]);
});

test(`no file is longer than ${LINES_MAX} lines`, () => {
  const long = files
    .map((file) => ({ file, lines: readFileSync(file, "utf8").split("\n").length - 1 }))
    .filter(({ lines }) => lines > LINES_MAX);
  expect(long).toEqual([]);
});

test("what test/README.md says is tested is there", () => {
  const named = readFileSync("test/README.md", "utf8").matchAll(/`([\w/.-]+)` "([^"]+)"/g);
  const wrong = [...named].filter(
    ([, file = "", title = ""]) =>
      !existsSync(join("test", file)) || !readFileSync(join("test", file), "utf8").includes(title),
  );
  expect(wrong.map(([whole]) => whole)).toEqual([]);
});
