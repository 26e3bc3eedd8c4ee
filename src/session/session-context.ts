import type { RuleId } from "../base/rule-ids.ts";
import type { GuardSettings } from "../guard/guard-settings.ts";
import type { RetryPolicy } from "../guard/lock-retry.ts";
import type { LockTimeoutPolicy } from "../guard/lock-timeout.ts";
import type { Catalog } from "../version/catalog.ts";
import type { Naming } from "../version/naming.ts";
import type { VersionTag } from "../version/tag.ts";
import type { Usage } from "../version/usage.ts";
import type { Window } from "../version/window.ts";
import type { StartupPacket } from "../wire/startup.ts";
import type { AnalysisThread } from "./analysis-thread.ts";
import type { Decider } from "./decider.ts";
import type { Gate } from "./flip-gate.ts";
import type { LimitHits } from "./limit-hits.ts";
import type { Observer } from "./observer.ts";
import type { ServerUser } from "./server-connector.ts";

/** Limits and times of a session; `config/` says what each means and its default. */
export interface SessionLimits {
  /** Bytes. A larger statement is not analysed. */
  readonly statementSizeMax: number;
  /** Bytes. A statement at least as large is analysed in a thread of its own. */
  readonly workerSizeMin: number;
  /** What happens with such a statement where a window or the guard could matter. */
  readonly oversize: "pass" | "reject";
  /** Bytes of prepared statements' texts that one session keeps. */
  readonly preparedSizeMax: number;
  /** Replies that the server may owe one session. */
  readonly pipelineCountMax: number;
  /** Bytes that may wait for one peer before the other is no longer read. */
  readonly bufferSizeMax: number;
  /** Bytes of a batch that are kept so that it can be sent again after a flip. */
  readonly replaySizeMax: number;
  readonly holdMs: number;
  readonly startupMs: number;
  /** Sessions of one user; 0 is no limit. */
  readonly sessionsPerUserMax: number;
  /** Connections that have no session yet, or ask to cancel. */
  readonly greetingsMax: number;
  /** Of a client outside of a transaction; 0 is no limit. */
  readonly idleMs: number;
  /** Of a client that takes nothing of what waits for it; 0 is no limit. */
  readonly stalledMs: number;
}

/** How a version tag is found; the sources themselves are a matter of `version/`. */
export interface Tagging {
  /** Undefined where nothing in the startup parameters, the environment or the files tells. */
  fromStartup(parameters: ReadonlyMap<string, string>): VersionTag | undefined;
  /**
   * Undefined where comments aren't a source, this one doesn't tell, or the source that gave the
   * session's tag comes before comments.
   */
  fromComment(comment: string, session: VersionTag | undefined): VersionTag | undefined;
  /** Undefined where the setting isn't a source, or its value doesn't tell. */
  fromSetting(value: string): VersionTag | undefined;
  /** Whether `straddle.version` is a source at all. */
  readonly usesSetting: boolean;
  /** Whether a session or statement without a tag is refused. */
  readonly rejectsUnknown: boolean;
  /** Whether a statement can bring its own tag, so that a session without one is let in. */
  readonly usesComments: boolean;
  /** What `application_name` becomes for a tag, from the client's own; undefined where it is to stay. */
  applicationName(tag: VersionTag, ownName: string): string | undefined;
}

/** How one session gets to its server. */
export interface SessionServer {
  /** The startup packet that it gets: the client's, but where Straddle logs in as another role. */
  readonly packet: Extract<StartupPacket, { kind: "startup" }>;
  /** Makes the connection; gives what calls it off. */
  connect(user: ServerUser): () => void;
}

/** Everything that the sessions of a process share, given to them from above. */
export interface SessionContext {
  readonly limits: SessionLimits;
  readonly tagging: Tagging;
  readonly policy: LockTimeoutPolicy;
  readonly retry: RetryPolicy;
  readonly guard: GuardSettings;
  /** The guard's rules that can have something to say, by those settings. */
  readonly rules: readonly RuleId[];
  readonly decider: Decider;
  /** For large texts; undefined where they are analysed as all others. */
  readonly analysis: AnalysisThread | undefined;
  readonly gate: Gate;
  /** The schema of the store by which a fleet agrees on flips; undefined where there is none. */
  readonly fleetSchema: string | undefined;
  readonly observer: Observer;
  /** How often limits were met. */
  readonly hits: LimitHits;
  /** Rises whenever windows or catalog change: what was decided before may be stale. */
  readonly generation: number;
  readonly catalog: Catalog;
  /** The database that the windows and the catalog are of. */
  readonly database: string;
  /** Those that are open; where none is, nothing is kept for a flip. */
  readonly windows: readonly Window[];
  naming(tag: VersionTag | undefined): Naming;
  /**
   * Tells who uses what in `database`, at once or later; undefined until that has been watched for long
   * enough to be sure.
   */
  usage(then: (usage: Usage | undefined) => void): void;
  /** Reads the catalog again. Settles when the new one is in `catalog`, also when reading failed. */
  refreshCatalog(): Promise<void>;
  /** Whether the last reading of the catalog has worked. */
  readonly isCatalogKnown: boolean;
  /** The same, and everybody else who fronts this database by these settings has read it too. */
  announceCatalog(): Promise<void>;
  /** Makes a new connection to the server; gives what calls it off. */
  connectServer(user: ServerUser): () => void;
  /** Something that should not be: told to the operator. */
  report(problem: string, error: unknown): void;
}
