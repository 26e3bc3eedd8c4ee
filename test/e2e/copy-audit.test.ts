import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, test } from "vitest";
import { bind, copyData, copyDone, execute, parse, query, sync } from "../support/client-frames.ts";
import { createDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { ask, type ContractCase, play, send, until } from "./contract-case.ts";

const COPY_IN = "COPY item FROM STDIN";

/** Each ends with this statement, which has to be in the audit log, whatever came before it. */
const LAST = "SELECT id FROM item";

const CASES: readonly ContractCase[] = [
  {
    name: "a Sync right behind wrong data, by the extended protocol",
    sees: [],
    steps: [
      send(parse("", COPY_IN), bind("", ""), execute(""), sync()),
      until("CopyInResponse"),
      ask(copyData("wrong\n"), sync()),
      ask(parse("", LAST), bind("", ""), execute(""), sync()),
    ],
  },
  {
    name: "a Sync and a Query right behind wrong data, by the simple protocol",
    sees: [],
    steps: [
      send(query(COPY_IN)),
      until("CopyInResponse"),
      send(copyData("wrong\n"), sync(), query(LAST)),
      until("ReadyForQuery"),
      until("ReadyForQuery"),
      until("ReadyForQuery"),
    ],
  },
  {
    name: "a Sync ahead of a COPY whose data is wrong",
    sees: [],
    steps: [
      ask(parse("", COPY_IN), bind("", ""), execute(""), sync(), copyData("wrong\n"), sync()),
      ask(query(LAST)),
    ],
  },
  {
    name: "a Sync ahead of the data, then the next batch in the same write",
    sees: [],
    steps: [
      send(
        ...[parse("", COPY_IN), bind("", ""), execute(""), sync()],
        ...[copyData("4\td\n"), copyDone(), sync()],
        ...[parse("", LAST), bind("", ""), execute(""), sync()],
      ),
      until("ReadyForQuery"),
      until("ReadyForQuery"),
    ],
  },
  {
    name: "a Parse behind wrong data in the same write",
    sees: [],
    steps: [
      send(parse("", COPY_IN), bind("", ""), execute(""), sync()),
      until("CopyInResponse"),
      ask(copyData("wrong\n"), copyDone(), parse("", "SELECT 'skipped'"), sync()),
      ask(query(LAST)),
    ],
  },
  {
    name: "a Parse behind wrong data, when the error has arrived already",
    sees: [],
    steps: [
      send(parse("", COPY_IN), bind("", ""), execute(""), sync()),
      until("CopyInResponse"),
      send(copyData("wrong\n")),
      until("ErrorResponse"),
      ask(copyDone(), parse("", "SELECT 'skipped'"), sync()),
      ask(query(LAST)),
    ],
  },
];

for (const each of CASES) {
  test(each.name, async () => {
    const database = await createDatabase();
    const folder = mkdtempSync(join(tmpdir(), "straddle-"));
    const path = join(folder, "audit.jsonl");
    const straddle = await startTestStraddle(database, `audit: { to: file, path: ${path} }`);
    const other = new pg.Client(database.connection);
    await other.connect();
    await other.query("CREATE TABLE item (id int, name text)");
    try {
      const { host = "", port = 0 } = database.connection;
      const stage = {
        parameters: { user: "postgres", database: database.name },
        isFragmented: false,
        other,
      };
      const direct = await play(each, { ...stage, address: { host, port } });
      await other.query("TRUNCATE item");
      const through = await play(each, {
        ...stage,
        address: { host: "127.0.0.1", port: straddle.port },
      });
      expect(through).toEqual(direct);
    } finally {
      await other.end();
      await straddle.stop();
      await database.drop();
    }
    const log = readFileSync(path, "utf8");
    rmSync(folder, { recursive: true });
    expect(log).toContain(LAST);
  });
}
