import { ByteReader } from "../wire/byte-reader.ts";
import {
  encodeBind,
  encodeClose,
  encodeExecute,
  encodeParse,
  encodeQuery,
  FLUSH,
  SYNC,
} from "../wire/encode.ts";
import type { Dialogue } from "./dialogue.ts";
import { FAILING_AGAIN } from "./failed-transaction.ts";
import type { Entry, ErrorFields } from "./pipeline-entry.ts";

/** The name of Straddle's own statements and portals. Never the unnamed one: that is the client's. */
export const OWN_NAME = "straddle:own";

/** What resolves names in this session, and what it says of its version. */
export const SESSION_INQUIRY =
  "SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(true))::text, " +
  "pg_catalog.current_setting('straddle.version', true)";

export type Rows = readonly (readonly (string | null)[])[];

/**
 * Asks the server something within the client's session, in the order of the pipeline.
 *
 * With a Sync only where the client has nothing unsynced: in the middle of a batch a Sync would
 * commit the client's implicit transaction. Where the text at hand leaves a failed transaction, it is asked
 * where that text gets to, and the transaction has failed again behind it. `onAnswer` gets no rows
 * where the question failed, and the server's error where there was one.
 */
export function inquire(
  dialogue: Dialogue,
  sql: string,
  onAnswer: (rows?: Rows, error?: ErrorFields) => void,
): void {
  const rows: (string | null)[][] = [];
  const isAlone = dialogue.unsyncedCount === 0;
  const exit = isAlone ? dialogue.exit : undefined;
  let answered: Rows | undefined;
  let failure: ErrorFields | undefined;
  dialogue.controls.inspectRows(true);
  for (const each of exit?.sql ?? []) sendOwn(dialogue, each, { swallowsError: true });
  sendOwn(dialogue, sql, {
    rows,
    // Alone, the client's message has not been sent and will be: it gets an answer of its own.
    swallowsError: isAlone,
    settle: (outcome, error) => {
      dialogue.controls.inspectRows(false);
      answered = outcome === "done" ? rows : undefined;
      failure = error;
      if (exit === undefined) onAnswer(answered, failure);
    },
  });
  if (exit === undefined) {
    endOwn(dialogue, isAlone);
  } else {
    sendOwn(dialogue, FAILING_AGAIN, { swallowsError: true });
    endOwn(dialogue, isAlone, () => onAnswer(answered, failure));
  }
  dialogue.toServer.flush();
}

/** Parse, Bind, Execute and Close of Straddle's own, without a Sync; of a walsender, a Query. */
export function sendOwn(
  dialogue: Dialogue,
  sql: string,
  entry: {
    readonly rows?: (string | null)[][];
    readonly swallowsError?: boolean;
    readonly executions?: Entry["executions"];
    readonly settle?: Entry["settle"];
  } = {},
): void {
  const { pipeline, toServer } = dialogue;
  const { settle, rows, executions = [], swallowsError = false } = entry;
  const own = { isOwn: true, executions, swallowsError } as const;
  if (dialogue.info.replication !== "none") {
    toServer.add(encodeQuery(sql, dialogue.encoding));
    pipeline.push({ ...own, kind: "query", rows, settle });
    return;
  }
  // One that failed has left its statement behind: closing what is not there succeeds.
  toServer.add(encodeClose("statement", OWN_NAME));
  toServer.add(encodeParse(OWN_NAME, sql, dialogue.encoding));
  toServer.add(encodeBind(OWN_NAME, OWN_NAME));
  toServer.add(encodeExecute(OWN_NAME));
  toServer.add(encodeClose("portal", OWN_NAME));
  toServer.add(encodeClose("statement", OWN_NAME));
  pipeline.push({ ...own, kind: "close" });
  pipeline.push({ ...own, kind: "parse" });
  pipeline.push({ ...own, kind: "bind" });
  pipeline.push({ ...own, kind: "execute", rows, settle });
  pipeline.push({ ...own, kind: "close" });
  pipeline.push({ ...own, kind: "close" });
}

/** Ends own messages: by a Sync of Straddle's own, or, in the client's batch, by a Flush. */
export function endOwn(dialogue: Dialogue, isAlone: boolean, settle?: () => void): void {
  if (dialogue.info.replication !== "none") return;
  if (!isAlone) {
    dialogue.toServer.add(FLUSH);
    return;
  }
  dialogue.toServer.add(SYNC);
  dialogue.pipeline.push({ kind: "sync", isOwn: true, executions: [], settle });
}

/** A DataRow in text format. */
export function decodeRow(
  buffer: Buffer,
  start: number,
  end: number,
  encoding: BufferEncoding,
): (string | null)[] {
  const reader = new ByteReader(buffer, start + 5, end);
  const row: (string | null)[] = [];
  for (let count = reader.int16(); count > 0; count--) {
    const size = reader.int32();
    row.push(size === -1 ? null : reader.bytes(size).toString(encoding));
  }
  return row;
}
