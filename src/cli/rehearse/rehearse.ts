import { readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import type pg from "pg";
import type { Config } from "../../config/config.ts";
import type { Catalog } from "../../version/catalog.ts";
import { windowProblems } from "../../version/naming.ts";
import { physicalSide } from "../../version/physical-side.ts";
import type { VersionTag } from "../../version/tag.ts";
import type { Window } from "../../version/window.ts";
import { controlConnection, withConnection } from "../control-connection.ts";
import { explainSystemError, SetupError } from "../fail.ts";
import { readCatalog } from "../read-catalog.ts";
import { auditedStatements } from "./audit-records.ts";
import { DistinctStatements } from "./distinct-statements.ts";
import { localeClauses } from "./locale.ts";
import { Rehearsal } from "./rehearsal.ts";
import { Findings, type RehearsalReport } from "./rehearsal-report.ts";
import { readSchema } from "./schema-copy.ts";
import { Scratch, STATES, type State } from "./scratch.ts";

export interface RehearseOptions {
  /** The audit log, or with `as` a file of SQL; `-` for stdin. */
  readonly file: string;
  readonly as: VersionTag | undefined;
  /** A server for the scratch databases, by URL; that of the settings by default. */
  readonly scratch: string | undefined;
  readonly searchPath: string | undefined;
  readonly distinctMax: number;
  /** Told of the scratch databases as soon as there may be any, so that a signal can drop them. */
  readonly onScratch: (scratch: Scratch) => void;
}

/** All texts of different statements together. */
const TEXTS_SIZE_MAX = 128 * 1024 * 1024;

/**
 * Proves the windows of the settings on copies of the schema. Of the database itself it reads the catalog,
 * and nothing else; no statement is executed anywhere.
 */
export async function rehearse(config: Config, options: RehearseOptions): Promise<RehearsalReport> {
  const { windows } = config;
  if (windows.length === 0) throw new SetupError("windows: there is none to rehearse");
  const catalog = await readCatalog(config);
  const [problem] = windowProblems(windows, catalog);
  if (problem !== undefined) throw new SetupError(problem);

  const input = await readInput(config, options);
  if (input.distinct.size === 0) {
    const where = options.as === undefined ? ` of database ${config.control.database}` : "";
    throw new SetupError(`${options.file} has no statement${where} to rehearse`);
  }
  const { schema, locale } = await withConnection(config, async (client) => ({
    schema: await readSchema(client),
    locale: await localeClauses(client),
  }));
  const { searchPath = schema.searchPath } = options;

  const scratch = new Scratch(scratchConnection(config, options.scratch));
  options.onScratch(scratch);
  try {
    const { copies, missing } = await scratch.fill({ ...schema, searchPath }, windows, locale);
    const { database } = config.control;
    const now = statesNow(windows, catalog);
    const rehearsal = new Rehearsal({ copies, windows, now, database });
    const findings = new Findings();
    for (const statement of input.distinct.values()) {
      findings.add(statement, await rehearsal.judge(statement));
    }
    return findings.report({
      windows,
      statements: input.distinct.count,
      distinct: input.distinct.size,
      skipped: input.distinct.skipped,
      unread: input.unread,
      elsewhere: input.elsewhere,
      missing,
      uncopied: schema.uncopied,
    });
  } finally {
    await scratch.drop();
  }
}

interface Input {
  readonly distinct: DistinctStatements;
  readonly unread: number;
  readonly elsewhere: number;
}

async function readInput(config: Config, options: RehearseOptions): Promise<Input> {
  const { file, as, distinctMax } = options;
  const distinct = new DistinctStatements({ countMax: distinctMax, sizeMax: TEXTS_SIZE_MAX });
  let unread = 0;
  let elsewhere = 0;
  if (as !== undefined) {
    distinct.add(await readText(file), as);
    return { distinct, unread, elsewhere };
  }
  const { database } = config.control;
  for await (const record of auditedStatements(file)) {
    if (record === undefined) unread += 1;
    else if (record.database !== "" && record.database !== database) elsewhere += 1;
    else distinct.add(record.sql, record.tag);
  }
  return { distinct, unread, elsewhere };
}

async function readText(file: string): Promise<string> {
  try {
    return file === "-" ? await readAll(process.stdin) : readFileSync(file, "utf8");
  } catch (error) {
    throw new SetupError(explainSystemError(`${file} can't be read`, error));
  }
}

function scratchConnection(config: Config, url: string | undefined): pg.ClientConfig {
  if (url === undefined) return controlConnection(config);
  // Taken apart, since a database in a connectionString would win over the one asked for.
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new SetupError("--scratch must be a URL, such as postgres://user@host:5432/postgres");
  }
  const { hostname, port, username, password, pathname } = parsed;
  const user = decodeURIComponent(username) || "postgres";
  return {
    host: hostname,
    port: Number(port || "5432"),
    user,
    ...(password === "" ? {} : { password: decodeURIComponent(password) }),
    database: decodeURIComponent(pathname.slice(1)) || user,
    application_name: "straddle",
    connectionTimeoutMillis: config.server.connectTimeoutMs,
  };
}

/** How the names stand: one state, or both where some windows have been renamed and some have not. */
function statesNow(windows: readonly Window[], catalog: Catalog): readonly State[] {
  const sides = windows.map((window) => physicalSide(window, catalog));
  return STATES.filter((state) => sides.some((side) => side === state || side === "mixed"));
}
