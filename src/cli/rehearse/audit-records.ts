import { createReadStream } from "node:fs";
import type { VersionTag } from "../../version/tag.ts";
import { explainSystemError, SetupError } from "../fail.ts";

/** A line above this is no record that could be rehearsed; it is counted as unread. */
const LINE_SIZE_MAX = 16 * 1024 * 1024;

/** What a rehearsal needs of a record of the audit log. */
export interface AuditedStatement {
  readonly sql: string;
  readonly tag: VersionTag | undefined;
  readonly database: string;
}

/** Reads a log line by line, whatever its size. `undefined` stands for a line that is no record of a statement. */
export async function* auditedStatements(
  path: string,
): AsyncGenerator<AuditedStatement | undefined> {
  for await (const line of lines(path)) {
    if (line === undefined) yield undefined;
    else if (line.trim() !== "") yield recordOf(line);
  }
}

function recordOf(line: string): AuditedStatement | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const member = (name: string): string | undefined => {
    const found: unknown = Reflect.get(value, name);
    return typeof found === "string" ? found : undefined;
  };
  const sql = member("sql");
  const protocol = member("protocol");
  // A FunctionCall's is an OID, and a replication command is no SQL.
  if (sql === undefined || protocol === "function_call" || protocol === "replication") {
    return undefined;
  }
  const app = member("app");
  const version = member("version");
  const tag = app === undefined || version === undefined ? undefined : { app, version };
  return { sql, tag, database: member("database") ?? "" };
}

/** The lines of a file, or of stdin for `-`; undefined for one that is too long. */
async function* lines(path: string): AsyncGenerator<string | undefined> {
  const stream = path === "-" ? process.stdin : createReadStream(path);
  let held: Buffer[] = [];
  let heldSize = 0;
  let isTooLong = false;
  try {
    for await (const chunk of stream) {
      const bytes: Buffer = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      let start = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        held.push(bytes.subarray(start, end));
        yield isTooLong ? undefined : Buffer.concat(held).toString("utf8");
        held = [];
        heldSize = 0;
        isTooLong = false;
        start = end + 1;
      }
      heldSize += bytes.length - start;
      if (heldSize > LINE_SIZE_MAX) {
        isTooLong = true;
        held = [];
      } else held.push(bytes.subarray(start));
    }
  } catch (error) {
    throw new SetupError(explainSystemError(`${path} can't be read`, error));
  }
  if (isTooLong) yield undefined;
  else if (heldSize > 0) yield Buffer.concat(held).toString("utf8");
}
