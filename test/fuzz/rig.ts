import { AuditLog } from "../../src/audit/audit-log.ts";
import { LabelFiles } from "../../src/cli/label-files.ts";
import { SharedState } from "../../src/cli/shared-state.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { ObserverList } from "../../src/session/observer-list.ts";
import type { ServerUser } from "../../src/session/server-connector.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { Catalog } from "../../src/version/catalog.ts";
import { typeOf } from "./frames.ts";
import { type RecordedWay, type Recording, readRecordings } from "./recording.ts";
import { AnswerBook } from "./scripted-server.ts";
import { settingsOf } from "./ways.ts";

/** Limits that every conversation reaches. */
const TIGHT = `
limits:
  { statement_size_max: 64B, pipeline_max: 3, buffer_size_max: 1KiB, replay_size_max: 128B,
    prepared_size_max: 256B, cache_size_max: 64KiB }
`;

/** The tables of `SCHEMA`, as the recorded server had them. */
function catalogOf(recordings: readonly Recording[]): Catalog {
  return new Catalog(
    [
      relation(oidOf("name", recordings), "item", ["id", "name"]),
      relation(oidOf("user_id", recordings), "orders", ["id", "user_id", "note"]),
    ],
    1,
    "shop",
  );
}

/** The OID of the table that has the column, as a RowDescription tells it. */
function oidOf(column: string, recordings: readonly Recording[]): number {
  const field = Buffer.from(`${column}\0`);
  for (const { leg, bytes } of recordings.flatMap(({ steps }) => steps)) {
    if (leg !== "<<" || typeOf(bytes) !== "T") continue;
    const at = bytes.indexOf(field);
    const oid = at === -1 ? 0 : bytes.readUInt32BE(at + field.length);
    if (oid !== 0) return oid;
  }
  throw new Error(`no recording tells of ${column}`);
}

function relation(oid: number, name: string, columns: readonly string[]) {
  const numbered = columns.map((column, index) => ({ name: column, attnum: index + 1 }));
  return { oid, schema: "public", name, kind: "r", columns: numbered };
}

/** What sessions share, with all but the server as in `straddle run`. */
class RigState extends SharedState {
  /** Makes the server's side of the next session. */
  connect: (user: ServerUser) => void = () => undefined;

  override connectServer(user: ServerUser): () => void {
    this.connect(user);
    return () => undefined;
  }

  override refreshCatalog(): Promise<void> {
    return Promise.resolve();
  }

  override get isCatalogKnown(): boolean {
    return true;
  }
}

/** One way to run sessions: its settings, and the recordings that were made under them. */
export interface Rig {
  readonly name: string;
  readonly way: RecordedWay;
  readonly isTight: boolean;
  readonly state: RigState;
  readonly recordings: readonly Recording[];
  readonly book: AnswerBook;
  /** What was reported: nothing ever should be. */
  readonly problems: string[];
}

/** Every way, with and without audit, and with limits that are tight. */
export async function createRigs(ways: readonly RecordedWay[]): Promise<readonly Rig[]> {
  await loadParser();
  const rigs: Rig[] = [];
  for (const way of ways) {
    const recordings = readRecordings(way);
    const book = new AnswerBook(recordings);
    for (const variant of ["", ", with audit", ", with tight limits"]) {
      const isTight = variant.includes("tight");
      const config = configOf(way, isTight);
      const problems: string[] = [];
      const observer = new ObserverList(variant.includes("audit") ? await observersOf(config) : []);
      const state = new RigState({
        config,
        env: {},
        observer,
        labels: new LabelFiles(() => undefined),
        reader: () => {
          throw new Error("the catalog is not read");
        },
        usage: (then) => then(undefined),
        report: (problem, error) =>
          problems.push(`${problem}: ${error instanceof Error ? error.stack : String(error)}`),
      });
      state.catalogChanged(catalogOf(recordings));
      rigs.push({ name: `${way}${variant}`, way, isTight, state, recordings, book, problems });
    }
  }
  return rigs;
}

async function observersOf(config: Config) {
  const audit = await AuditLog.open({
    target: { kind: "file", path: "/dev/null" },
    parameters: "full",
    whenFull: "drop",
    bufferSizeMax: 1024 * 1024,
    parameterSizeMax: 1_024,
    log: { problem: () => undefined, info: () => undefined },
  });
  const metrics = new Metrics({
    labelSetsMax: config.metrics.labelSetsMax,
    audit: () => audit,
    cache: () => undefined,
    logins: () => undefined,
    limits: () => undefined,
    windows: () => [],
  });
  return [audit, metrics];
}

function configOf(way: RecordedWay, isTight: boolean): Config {
  // The database of the recordings is named in their startup packet.
  const [login] = readRecordings(way);
  const packet = login?.steps[0]?.bytes.toString("latin1") ?? "";
  const database = /\0database\0([^\0]+)\0/.exec(packet)?.[1] ?? "";
  const yaml = [
    "server: { host: 127.0.0.1 }",
    `control: { user: postgres, database: ${database} }`,
    settingsOf(way).yaml,
    isTight ? TIGHT : "",
  ].join("\n");
  const loaded = parseConfig(yaml, {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  return loaded.config;
}
