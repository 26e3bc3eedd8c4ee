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
  /** By what names are found, as things are now; undefined before there are sessions. */
  readonly names: () => NameSources | undefined;
  /** Statements that have not ended yet: they count when they do, but are in use until then. */
  readonly running: () => readonly RunningStatement[];
}

/** Versions and search paths that one text's counts are kept for; for more, some are made anew. */
const USES_PER_TEXT_MAX = 16;
const SYNTAX_ERROR = "42601";
/** Texts between two looks at the time. */
const TEXTS_PER_LOOK = 8;

/**
 * Counts which version has sent which text: a statement that was seen before costs a look-up and a few
 * assignments. What the texts' names mean is found out when the counts are taken, which is done in parts:
 * `cut` says what is to be taken and by what names, `take` gives the next part of it. What is counted
 * meanwhile is of the next cut.
 */
export class UseCounter implements Observer {
  readonly wantsParameters = false;
  readonly #options: UseCounterOptions;
  readonly #byShape = new WeakMap<StatementShape, TextUse[]>();
  /** Of statements that were not read: they have no text in common. */
  readonly #unread: TextUse[] = [];
  /** What was counted since the last cut. */
  #counted: TextCount[] = [];
  readonly #cuts: Cut[] = [];
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

  retried(): void {} // So it is here.
  held(): void {}

  mayStart(): boolean {
    return true;
  }

  forget(): void {} // Nobody waits for it.

  /** Something was cut that is not taken yet. */
  get isCut(): boolean {
    return this.#cuts.length > 0;
  }

  /** What was counted until now is to be taken, by what its names mean now. */
  cut(now: number): void {
    const database = this.#options.database;
    for (const running of this.#options.running()) {
      if (running.session.database === database) this.#seen(running, now);
    }
    const names = this.#options.names();
    if (names === undefined) return;
    this.#cuts.push({ counted: this.#counted, taken: 0, names, sessions: this.#openSessions() });
    this.#counted = [];
  }

  /**
   * The next part of the oldest cut, by version and name: as much as is done before the time is up, and
   * at least a few texts. Undefined where all that was cut is taken.
   */
  take(isTimeUp: () => boolean): UseBatch | undefined {
    const [cut] = this.#cuts;
    if (cut === undefined) return undefined;
    const { counted, names, sessions } = cut;
    const sum = new UseSum();
    do {
      for (const each of counted.slice(cut.taken, cut.taken + TEXTS_PER_LOOK)) {
        find(each.use, names);
        const delta = deltaOf(each);
        for (const { key, name } of each.use.targets) sum.addOne(key, { ...delta, name });
      }
      cut.taken += TEXTS_PER_LOOK;
    } while (cut.taken < counted.length && !isTimeUp());
    if (cut.taken >= counted.length) this.#cuts.shift();
    return { deltas: sum.deltas, sessions };
  }

  #seen(statement: RunningStatement, at: number): TextCount {
    const { shape, session } = statement;
    const isUnread = shape.names.hidden === "text";
    const use = this.#useOf(isUnread ? this.#unread : this.#usesOf(shape), statement);
    let { latest } = use;
    if (latest === undefined || latest.counted !== this.#counted) {
      latest = new TextCount(use, { counted: this.#counted, firstAt: at, session });
      use.latest = latest;
      this.#counted.push(latest);
    }
    latest.lastAt = at;
    latest.session = session;
    return latest;
  }

  #usesOf(shape: StatementShape): TextUse[] {
    let uses = this.#byShape.get(shape);
    if (uses === undefined) {
      uses = [];
      this.#byShape.set(shape, uses);
    }
    return uses;
  }

  #useOf(uses: TextUse[], { tag, schemas, shape }: RunningStatement): TextUse {
    for (const use of uses) {
      if (isSameTag(use.tag, tag) && isSamePath(use.schemas, schemas)) return use;
    }
    const use = new TextUse(shape, tag, schemas);
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

/** What is to be taken, and by what names. */
interface Cut {
  readonly counted: readonly TextCount[];
  /** How many of them are. */
  taken: number;
  readonly names: NameSources;
  readonly sessions: readonly OpenSessions[];
}

/** How often a text has come between two cuts, and when. */
class TextCount {
  readonly use: TextUse;
  /** Among which it is. */
  readonly counted: readonly TextCount[];
  readonly firstAt: number;
  lastAt: number;
  count = 0;
  session: SessionInfo;

  constructor(
    use: TextUse,
    first: {
      readonly counted: readonly TextCount[];
      readonly firstAt: number;
      readonly session: SessionInfo;
    },
  ) {
    this.use = use;
    this.counted = first.counted;
    this.firstAt = first.firstAt;
    this.lastAt = first.firstAt;
    this.session = first.session;
  }
}

/** One text of one version under one search path. */
class TextUse {
  readonly shape: StatementShape;
  readonly tag: VersionTag | undefined;
  readonly schemas: readonly string[] | undefined;
  latest: TextCount | undefined = undefined;
  /** By what `targets` were found. */
  catalog: Catalog | undefined = undefined;
  naming: Naming | undefined = undefined;
  targets: readonly { readonly key: string; readonly name: LedgerName }[] = [];

  constructor(
    shape: StatementShape,
    tag: VersionTag | undefined,
    schemas: readonly string[] | undefined,
  ) {
    this.shape = shape;
    this.tag = tag === undefined ? undefined : { app: tag.app, version: tag.version };
    this.schemas = schemas;
  }
}

/** What its names mean by these, unless that is known. */
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

function deltaOf({ use, count, session, firstAt, lastAt }: TextCount) {
  const { shape, tag } = use;
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
