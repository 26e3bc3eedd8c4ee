import type {
  Observer,
  RunningStatement,
  SessionInfo,
  StatementRecord,
} from "../session/observer.ts";
import type { StatementShape } from "../sql/shape.ts";
import type { Catalog } from "../version/catalog.ts";
import type { Naming } from "../version/naming.ts";
import type { VersionTag } from "../version/tag.ts";
import { type OpenSessions, tagKey, type UseBatch } from "./batch.ts";
import { type LedgerName, nameKey } from "./ledger-name.ts";
import { ledgerNames } from "./name-finder.ts";
import { UseSum } from "./use-sum.ts";

export interface NameSources {
  readonly catalog: Catalog;
  naming(tag: VersionTag | undefined): Naming;
}

export interface UseCounterOptions {
  /** The database that the ledger is of; sessions of others are not counted. */
  readonly database: string;
  /** By what names are found; undefined before there are sessions. */
  readonly names: () => NameSources | undefined;
  /** Statements that have not ended yet: they count when they do, but are in use until then. */
  readonly running: () => readonly RunningStatement[];
}

/** Versions and search paths that one text's counts are kept for; for more, some are made anew. */
const USES_PER_TEXT_MAX = 16;
const SYNTAX_ERROR = "42601";

/**
 * Counts which version has sent which text: a statement that was seen before costs a look-up and a few
 * assignments. What the texts' names mean is found out when the counts are taken.
 */
export class UseCounter implements Observer {
  readonly wantsParameters = false;
  readonly #options: UseCounterOptions;
  readonly #byShape = new WeakMap<StatementShape, TextUse[]>();
  /** Of statements that were not read: they have no text in common. */
  readonly #unread: TextUse[] = [];
  /** Those that have counted something since they were last taken. */
  #counted: TextUse[] = [];
  readonly #sessions = new Set<SessionInfo>();
  #next = 0;

  constructor(options: UseCounterOptions) {
    this.#options = options;
  }

  statementEnded(record: StatementRecord): void {
    const { session, shape } = record;
    if (session.database !== this.#options.database) return;
    // The server did nothing with it either.
    if (shape.names.hidden === "text" && record.sqlstate === SYNTAX_ERROR) return;
    this.#seen(record, record.startedAt + record.durationMs).count += 1;
  }

  sessionOpened(session: SessionInfo): void {
    this.#sessions.add(session);
  }

  sessionClosed(session: SessionInfo): void {
    this.#sessions.delete(session);
  }

  recovered(): void {} // It is the same statement.
  held(): void {}

  mayStart(): boolean {
    return true;
  }

  forget(): void {} // Nobody waits for it.

  /** What was counted since the last call, by version and name. */
  take(now: number): UseBatch {
    const database = this.#options.database;
    for (const running of this.#options.running()) {
      if (running.session.database === database) this.#seen(running, now);
    }
    const names = this.#options.names();
    if (names === undefined) return { deltas: [], sessions: [] };
    const counted = this.#counted;
    this.#counted = [];
    const sum = new UseSum();
    for (const use of counted) {
      find(use, names);
      const delta = deltaOf(use);
      for (const { key, name } of use.targets) sum.addOne(key, { ...delta, name });
      use.count = 0;
      use.isCounted = false;
    }
    return { deltas: sum.deltas, sessions: this.#openSessions() };
  }

  #seen(statement: RunningStatement, at: number): TextUse {
    const { shape, session } = statement;
    const isUnread = shape.names.hidden === "text";
    const use = this.#useOf(isUnread ? this.#unread : this.#usesOf(shape), statement);
    if (!use.isCounted) {
      use.isCounted = true;
      use.firstAt = at;
      this.#counted.push(use);
    }
    use.lastAt = at;
    use.session = session;
    return use;
  }

  #usesOf(shape: StatementShape): TextUse[] {
    let uses = this.#byShape.get(shape);
    if (uses === undefined) {
      uses = [];
      this.#byShape.set(shape, uses);
    }
    return uses;
  }

  #useOf(uses: TextUse[], { tag, schemas, shape, session }: RunningStatement): TextUse {
    for (const use of uses) {
      if (isSameTag(use.tag, tag) && isSamePath(use.schemas, schemas)) return use;
    }
    const use = new TextUse(shape, tag, schemas, session);
    if (uses.length < USES_PER_TEXT_MAX) uses.push(use);
    else uses[this.#next++ % USES_PER_TEXT_MAX] = use;
    return use;
  }

  #openSessions(): readonly OpenSessions[] {
    const database = this.#options.database;
    const open = new Map<string, Mutable<OpenSessions>>();
    for (const session of this.#sessions) {
      if (session.database !== database) continue;
      const key = tagKey(session.tag);
      const known = open.get(key);
      if (known !== undefined) known.count += 1;
      else open.set(key, { tag: session.tag, count: 1 });
    }
    return [...open.values()];
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One text of one version under one search path, and what has come since it was last taken. */
class TextUse {
  readonly shape: StatementShape;
  readonly tag: VersionTag | undefined;
  readonly schemas: readonly string[] | undefined;
  /** It is among those that were counted since the last take. */
  isCounted = false;
  count = 0;
  firstAt = 0;
  lastAt = 0;
  session: SessionInfo;
  /** By what `targets` were found. */
  catalog: Catalog | undefined = undefined;
  naming: Naming | undefined = undefined;
  targets: readonly { readonly key: string; readonly name: LedgerName }[] = [];

  constructor(
    shape: StatementShape,
    tag: VersionTag | undefined,
    schemas: readonly string[] | undefined,
    session: SessionInfo,
  ) {
    this.shape = shape;
    this.tag = tag === undefined ? undefined : { app: tag.app, version: tag.version };
    this.schemas = schemas;
    this.session = session;
  }
}

/** What its names mean now, unless that is known. */
function find(use: TextUse, names: NameSources): void {
  const { catalog } = names;
  const naming = names.naming(use.tag);
  if (use.catalog === catalog && use.naming === naming) return;
  use.catalog = catalog;
  use.naming = naming;
  const of = tagKey(use.tag);
  const by = { catalog, naming, schemas: use.schemas };
  use.targets = ledgerNames(use.shape.names, by).map((name) => ({
    key: `${of}\0${nameKey(name)}`,
    name,
  }));
}

function deltaOf({ shape, tag, count, session, firstAt, lastAt }: TextUse) {
  return {
    tag,
    count,
    firstAt: Math.floor(firstAt),
    lastAt: Math.ceil(lastAt),
    fingerprints: shape.fingerprint === "" ? [] : [shape.fingerprint],
    client: session.clientAddress,
  };
}

function isSameTag(one: VersionTag | undefined, other: VersionTag | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.version === other.version && one.app === other.app;
}

function isSamePath(
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined || one.length !== other.length) return false;
  return one.every((schema, index) => schema === other[index]);
}
