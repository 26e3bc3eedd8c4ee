import { normalizeSql } from "../../sql/normalize.ts";
import { parseSql } from "../../sql/parse.ts";
import { formatTag, type VersionTag } from "../../version/tag.ts";

/** A statement of one version, and how often it was sent. */
export interface DistinctStatement {
  readonly sql: string;
  readonly tag: VersionTag | undefined;
  count: number;
}

/** Statements by version and by what is left of them without their constants: bounded, however long the log. */
export class DistinctStatements {
  /** Statements in all. */
  count = 0;
  /** Those that were not kept, as there were too many different ones. */
  skipped = 0;
  readonly #countMax: number;
  readonly #sizeMax: number;
  #size = 0;
  readonly #byShape = new Map<string, DistinctStatement>();
  /** By text as it stands in the log: a redacted text comes again as it was. */
  readonly #recent = new Map<string, DistinctStatement>();

  constructor(limits: { readonly countMax: number; readonly sizeMax: number }) {
    this.#countMax = limits.countMax;
    this.#sizeMax = limits.sizeMax;
  }

  add(sql: string, tag: VersionTag | undefined): void {
    const speaker = tag === undefined ? "" : formatTag(tag);
    const key = `${speaker}\0${sql}`;
    const known = this.#recent.get(key);
    if (known !== undefined) {
      this.count += 1;
      known.count += 1;
      return;
    }
    for (const each of statementsOf(sql)) {
      this.count += 1;
      const entry = this.#enter(each, speaker, tag);
      if (entry === undefined || each !== sql) continue;
      if (this.#recent.size >= RECENT_MAX) this.#recent.clear();
      if (sql.length <= RECENT_SIZE_MAX) this.#recent.set(key, entry);
    }
  }

  *values(): IterableIterator<DistinctStatement> {
    yield* this.#byShape.values();
  }

  get size(): number {
    return this.#byShape.size;
  }

  #enter(sql: string, speaker: string, tag: VersionTag | undefined): DistinctStatement | undefined {
    const key = `${speaker}\0${shapeOf(sql)}`;
    const known = this.#byShape.get(key);
    if (known !== undefined) {
      known.count += 1;
      return known;
    }
    const size = key.length + sql.length;
    if (this.#byShape.size >= this.#countMax || this.#size + size > this.#sizeMax) {
      this.skipped += 1;
      return undefined;
    }
    this.#size += size;
    const entry = { sql, tag, count: 1 };
    this.#byShape.set(key, entry);
    return entry;
  }
}

const RECENT_MAX = 10_000;
const RECENT_SIZE_MAX = 4_096;

/** Lists of constants count as one constant: an IN list of three is not another statement than one of four. */
function shapeOf(sql: string): string {
  return normalizeSql(sql)
    .replaceAll(/\$\d+/g, "$")
    .replaceAll(/\$(?:\s*,\s*\$)+/g, "$")
    .replaceAll(/\(\s*\$\s*\)(?:\s*,\s*\(\s*\$\s*\))+/g, "($)");
}

/** A text that can't be parsed stands for itself. */
function statementsOf(text: string): readonly string[] {
  const parsed = parseSql(text);
  if (parsed.kind !== "parsed" || parsed.statements.length <= 1) {
    return parsed.kind === "parsed" && parsed.statements.length === 0 ? [] : [text];
  }
  return parsed.statements.map(({ start, end }) => text.slice(start, end));
}
