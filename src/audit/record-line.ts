import type { SessionInfo, StatementRecord } from "../session/observer.ts";
import { normalizeSql } from "../sql/normalize.ts";
import type { StatementShape } from "../sql/shape.ts";
import type { VersionTag } from "../version/tag.ts";
import { formatParameterValues } from "./parameter-values.ts";
import { decodeBindParameters, formatParameterSizes } from "./parameters.ts";
import { formatMilliseconds, Rfc3339 } from "./rfc3339.ts";

/**
 * What of the data is recorded. `none`: texts as sent, no parameters. `redact`: texts without their
 * literals, and the sizes of the parameters. `full`: texts as sent, and the parameters' values.
 */
export type ParameterPolicy = "none" | "redact" | "full";

const PROTOCOLS: Readonly<Record<StatementRecord["protocol"], string>> = {
  simple: ',"protocol":"simple"',
  extended: ',"protocol":"extended"',
  function_call: ',"protocol":"function_call"',
  replication: ',"protocol":"replication"',
};
const VERDICTS: Readonly<Record<StatementRecord["verdict"], string>> = {
  pass: ',"verdict":"pass"',
  rewrite: ',"verdict":"rewrite"',
  refuse: ',"verdict":"refuse"',
  warn: ',"verdict":"warn"',
  inject: ',"verdict":"inject"',
};
const OUTCOME_KEYS = ["rule", "outcome", "reason"];
const TRANSACTIONS: Readonly<Record<StatementRecord["transactionStatus"], string>> = {
  I: ',"transaction":"idle"',
  T: ',"transaction":"open"',
  E: ',"transaction":"failed"',
};

/**
 * Makes the line of a statement: one JSON object and a newline. What is the same for many
 * statements (a session, a tag, a shape) is written as JSON once and kept as text.
 */
export class RecordLines {
  readonly #parameters: ParameterPolicy;
  readonly #parameterSizeMax: number;
  readonly #time = new Rfc3339();
  readonly #sessions = new WeakMap<SessionInfo, string>();
  readonly #tags = new WeakMap<VersionTag, string>();
  readonly #texts = new WeakMap<StatementShape, string>();
  readonly #names = new WeakMap<StatementShape, string>();
  readonly #ranTexts = new WeakMap<object, string>();

  constructor(options: { parameters: ParameterPolicy; parameterSizeMax: number }) {
    this.#parameters = options.parameters;
    this.#parameterSizeMax = options.parameterSizeMax;
  }

  /** Fields that have nothing to say (`ran`, `rule`, `sqlstate`, ...) are left out. */
  line(record: StatementRecord): string {
    const { session, tag, shape, rule, sqlstate, traceId } = record;
    let line = `{"time":"${this.#time.format(record.startedAt)}"`;
    line += kept(this.#sessions, session, sessionFields);
    if (tag !== undefined) line += kept(this.#tags, tag, tagFields);
    line += PROTOCOLS[record.protocol];
    line += this.#textFields(record);
    line += kept(this.#names, shape, nameFields);
    line += VERDICTS[record.verdict];
    if (rule !== undefined) line += `,"rule":${JSON.stringify(rule)}`;
    if (record.outcomes.length > 0)
      line += `,"guard":${JSON.stringify(record.outcomes, OUTCOME_KEYS)}`;
    line += `,"duration_ms":${formatMilliseconds(record.durationMs)}`;
    line += `,"overhead_ms":${formatMilliseconds(record.overheadMs)}`;
    if (record.attempts > 1) line += `,"attempts":${record.attempts}`;
    line += `,"rows":${record.rows}`;
    if (sqlstate !== undefined) line += `,"sqlstate":${JSON.stringify(sqlstate)}`;
    line += TRANSACTIONS[record.transactionStatus];
    if (traceId !== undefined) line += `,"trace_id":${JSON.stringify(traceId)}`;
    if (record.bind !== undefined) line += this.#parameterFields(record.bind);
    return `${line}}\n`;
  }

  /** The line that stands for records that were not written. */
  droppedLine(time: number, count: number): string {
    return `{"time":"${this.#time.format(time)}","dropped":${count}}\n`;
  }

  #textFields({ shape, sentText, ranText, ranShape }: StatementRecord): string {
    const isRedacted = this.#parameters === "redact";
    const sent = isRedacted
      ? kept(this.#texts, shape, redactedText)
      : `,"verb":${JSON.stringify(shape.verb)},"sql":${JSON.stringify(sentText)}`;
    if (ranText === undefined) return sent;
    const ran = isRedacted
      ? kept(this.#ranTexts, ranShape, () => JSON.stringify(normalizeSql(ranText)))
      : JSON.stringify(ranText);
    return `${sent},"ran":${ran}`;
  }

  #parameterFields(bind: Buffer): string {
    if (this.#parameters === "none") return "";
    const parameters = decodeBindParameters(bind);
    if (parameters === undefined || parameters.length === 0) return "";
    if (this.#parameters === "redact") {
      return `,"parameter_sizes":${formatParameterSizes(parameters)}`;
    }
    return `,"parameters":${formatParameterValues(parameters, this.#parameterSizeMax)}`;
  }
}

function kept<Key extends object>(
  cache: WeakMap<Key, string>,
  key: Key,
  format: (key: Key) => string,
): string {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const text = format(key);
  cache.set(key, text);
  return text;
}

function redactedText(shape: StatementShape): string {
  return `,"verb":${JSON.stringify(shape.verb)},"sql":${JSON.stringify(shape.normalized)}`;
}

function nameFields({ fingerprint, tables, columns }: StatementShape): string {
  const names = `"tables":${JSON.stringify(tables)},"columns":${JSON.stringify(columns)}`;
  return `,"fingerprint":${JSON.stringify(fingerprint)},${names}`;
}

function tagFields({ app, version }: VersionTag): string {
  return `,"app":${JSON.stringify(app)},"version":${JSON.stringify(version)}`;
}

/** As in PostgreSQL's `%c`, the start makes a session's number unique across restarts. */
function sessionFields({ id, startedAt, user, database, clientAddress }: SessionInfo): string {
  const session = `${Math.floor(startedAt / 1000).toString(16)}.${id.toString(16)}`;
  return (
    `,"session":"${session}","user":${JSON.stringify(user)},` +
    `"database":${JSON.stringify(database)},"client":${JSON.stringify(clientAddress)}`
  );
}
