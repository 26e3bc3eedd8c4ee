import type { RuleId } from "../base/rule-ids.ts";
import type { Config } from "../config/config.ts";
import { takeOver } from "../config/written.ts";
import type { CatalogReader } from "../control/catalog-reader.ts";
import { type GuardSettings, rulesInForce } from "../guard/guard-settings.ts";
import type { RetryPolicy } from "../guard/lock-retry.ts";
import type { LockTimeoutPolicy } from "../guard/lock-timeout.ts";
import { AnalysisThread, analysisScript } from "../session/analysis-thread.ts";
import { Decider } from "../session/decider.ts";
import { FlipGate, type Gate } from "../session/flip-gate.ts";
import { LimitHits } from "../session/limit-hits.ts";
import type { Observer } from "../session/observer.ts";
import { connectServer, type ServerUser } from "../session/server-connector.ts";
import type { SessionContext, SessionLimits, Tagging } from "../session/session-context.ts";
import { Catalog } from "../version/catalog.ts";
import type { Naming } from "../version/naming.ts";
import { Namings } from "../version/namings.ts";
import type { VersionTag } from "../version/tag.ts";
import type { Usage } from "../version/usage.ts";
import type { Window } from "../version/window.ts";
import { guardSettings, lockTimeoutPolicy } from "./guard-settings.ts";
import type { LabelFiles } from "./label-files.ts";
import { serverTarget } from "./server-target.ts";
import { labelProblems, taggingFor } from "./tagging.ts";
import type { Links } from "./workers/links.ts";

/** What all sessions of the process share, as the settings and the catalog have it now. */
export class SharedState implements SessionContext {
  readonly observer: Observer;
  readonly hits: LimitHits;
  readonly gate: Gate;
  limits: SessionLimits;
  tagging: Tagging;
  policy: LockTimeoutPolicy;
  guard: GuardSettings;
  rules: readonly RuleId[];
  decider: Decider;
  readonly analysis: AnalysisThread | undefined;
  generation = 0;
  /** What each version calls things, as windows and catalog are now: a new one when they change. */
  namings: Namings;
  /** Keys of the file whose change waits for the next start. */
  waitingKeys: readonly string[] = [];

  readonly #labels: LabelFiles;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #reader: () => CatalogReader;
  readonly #links: Links | undefined;
  readonly #usage: SessionContext["usage"];
  readonly #inForce: (config: Config) => Config;
  readonly #report: (problem: string, error: unknown) => void;
  #config: Config;

  constructor(options: {
    readonly config: Config;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly observer: Observer;
    readonly labels: LabelFiles;
    /** Only called once sessions run. */
    readonly reader: () => CatalogReader;
    readonly report: (problem: string, error: unknown) => void;
    readonly usage: SessionContext["usage"];
    /** The gate, where it is not this process's alone; `links` have one of their own. */
    readonly gate?: Pick<Links, "gate" | "hits"> | undefined;
    /** What settings that were read become in force as; as they are where it is left out. */
    readonly inForce?: ((config: Config) => Config) | undefined;
    /** To the other processes; undefined where there are none. */
    readonly links?: Links | undefined;
  }) {
    const { config, env } = options;
    this.observer = options.observer;
    this.#env = env;
    this.#labels = options.labels;
    this.#reader = options.reader;
    this.#links = options.links;
    const shared = options.links ?? options.gate;
    this.hits = shared?.hits ?? new LimitHits();
    this.gate = shared?.gate ?? new FlipGate({ hits: this.hits });
    this.#inForce = options.inForce ?? ((read) => read);
    this.#report = options.report;
    this.#usage = options.usage;
    this.#config = config;
    this.namings = new Namings(config.windows, new Catalog([], 0, ""));
    this.limits = sessionLimits(config);
    this.tagging = taggingFor(config, env, this.#labels);
    this.policy = lockTimeoutPolicy(config);
    this.guard = guardSettings(config);
    this.rules = rulesInForce(this.guard);
    this.decider = this.#makeDecider();
    const script = analysisScript();
    const timeoutMs = () => this.#config.limits.analysisTimeoutMs;
    this.analysis = script === undefined ? undefined : new AnalysisThread({ script, timeoutMs });
  }

  get config(): Config {
    return this.#config;
  }

  get database(): string {
    return this.#config.control.database;
  }

  get fleetSchema(): string | undefined {
    const { mode, schema } = this.#config.control;
    return mode === "database" ? schema : undefined;
  }

  get retry(): RetryPolicy {
    return this.#config.guard.retry;
  }

  get windows(): readonly Window[] {
    return this.#config.windows;
  }

  /** What is wrong with the files that versions are to come from, a clause each. */
  labelProblems(): readonly string[] {
    return labelProblems(this.#config, this.#labels);
  }

  /** Takes over what has been read from a changed file, but for keys that need a restart. */
  reload(read: Config): void {
    const { inForce, waiting } = takeOver(this.#config, read);
    this.waitingKeys = waiting;
    this.configure(this.#inForce(inForce));
  }

  /** New settings take effect for the next statement of every session; none is dropped. */
  configure(config: Config): void {
    this.#config = config;
    this.limits = sessionLimits(config);
    this.tagging = taggingFor(config, this.#env, this.#labels);
    this.policy = lockTimeoutPolicy(config);
    this.guard = guardSettings(config);
    this.rules = rulesInForce(this.guard);
    this.decider = this.#makeDecider();
    this.#changed(this.catalog);
  }

  catalogChanged(catalog: Catalog): void {
    this.#changed(catalog);
  }

  get catalog(): Catalog {
    return this.namings.catalog;
  }

  naming(tag: VersionTag | undefined): Naming {
    return this.namings.naming(tag);
  }

  usage(then: (usage: Usage | undefined) => void): void {
    this.#usage(then);
  }

  refreshCatalog(): Promise<void> {
    return this.#reader().refresh();
  }

  get isCatalogKnown(): boolean {
    return this.#reader().isKnown;
  }

  async announceCatalog(): Promise<void> {
    await Promise.all([this.refreshCatalog(), this.#links?.announceCatalog()]);
  }

  connectServer(user: ServerUser): () => void {
    const { connectTimeoutMs } = this.#config.server;
    return connectServer(serverTarget(this.#config), connectTimeoutMs, user);
  }

  report(problem: string, error: unknown): void {
    this.#report(problem, error);
  }

  #makeDecider(): Decider {
    const { policy, rules, fleetSchema } = this;
    const { cacheSizeMax } = this.#config.limits;
    return new Decider({ policy, rules, cacheSizeMax, fleetSchema });
  }

  #changed(catalog: Catalog): void {
    this.generation += 1;
    this.namings = new Namings(this.#config.windows, catalog);
  }
}

function sessionLimits({ limits }: Config): SessionLimits {
  return {
    statementSizeMax: limits.statementSizeMax,
    workerSizeMin: limits.workerSizeMin,
    oversize: limits.oversize,
    preparedSizeMax: limits.preparedSizeMax,
    pipelineCountMax: limits.pipelineMax,
    bufferSizeMax: limits.bufferSizeMax,
    replaySizeMax: limits.replaySizeMax,
    holdMs: limits.holdTimeoutMs,
    startupMs: limits.startupTimeoutMs,
    sessionsPerUserMax: limits.sessionsPerUserMax,
    greetingsMax: limits.greetingsMax,
    idleMs: limits.idleTimeoutMs,
    stalledMs: limits.stalledTimeoutMs,
  };
}
