import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { explainSystemError, SetupError } from "../fail.ts";
import type { MigrationText } from "./migration-script.ts";

/**
 * The migrations in files and folders, in the order in which their tool runs them. A file that is named
 * is taken whatever it is; in a folder what is for the way down is left out. What can't be read is a
 * SetupError.
 */
export function migrationFiles(paths: readonly string[]): readonly MigrationText[] {
  const files = paths.flatMap((path) => {
    if (!isFolder(path)) return [path];
    const found = filesIn(path);
    if (found.length === 0) throw new SetupError(`${path}: there is no migration in this folder`);
    return found;
  });
  return [...new Set(files)].map(readMigration);
}

function readMigration(path: string): MigrationText {
  const settings = `${path}.conf`;
  return {
    path: path.replaceAll("\\", "/"),
    text: readUtf8(path),
    settings: existsSync(settings) ? readUtf8(settings) : undefined,
  };
}

/** UTF-8; a byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SetupError(`${path} is not UTF-8`);
  }
}

function readUtf8(path: string): string {
  return decodeUtf8(
    attempt(path, () => readFileSync(path)),
    path,
  );
}

function isFolder(path: string): boolean {
  return attempt(path, () => statSync(path).isDirectory());
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new SetupError(explainSystemError(path, error));
  }
}

function filesIn(folder: string): string[] {
  const plan = join(folder, "sqitch.plan");
  if (existsSync(plan)) return sqitchFiles(folder, readUtf8(plan));
  const entries = attempt(folder, () => readdirSync(folder, { withFileTypes: true }));
  const isProject = entries.some(({ name }) => name === "_journal.json"); // Drizzle's snapshots.
  if (isProject) return [];
  return entries
    .filter(({ name }) => !name.startsWith(".") && name !== "node_modules")
    .sort((left, right) => compareNames(left.name, right.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      const isInside = entry.isSymbolicLink() ? isFolder(path) : entry.isDirectory();
      if (isInside) return entry.isSymbolicLink() ? [] : filesIn(path);
      return isUp(entry.name) ? [path] : [];
    });
}

/** Nothing that takes a migration back: `.down.sql`, Prisma's `down.sql`, Flyway's undo. */
function isUp(name: string): boolean {
  return /\.sql$/i.test(name) && !/(?:^|\.)down\.sql$/i.test(name) && !/^U\d[\d._]*__/.test(name);
}

/** Numbers by their value, `V2` before `V10`; what Flyway repeats comes last. */
export function compareNames(left: string, right: string): number {
  const isRepeated = (name: string) => (/^R__/.test(basename(name)) ? 1 : 0);
  return (
    isRepeated(left) - isRepeated(right) ||
    left.localeCompare(right, "en", { numeric: true }) ||
    (left < right ? -1 : 1)
  );
}

/** Changes in the plan's order; one that was reworked has its earlier text under its tag. */
function sqitchFiles(folder: string, plan: string): string[] {
  const deploy = join(folder, "deploy");
  const changes = plan
    .split(/\r?\n/)
    .flatMap((line) => /^\s*([^%@#\s][^\s]*)/.exec(line)?.[1] ?? []);
  const names = changes.map((change) => join(deploy, `${change}.sql`));
  return [...new Set(names)].filter((path) => existsSync(path));
}
