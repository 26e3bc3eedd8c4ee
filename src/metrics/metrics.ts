import type { Observer, SessionEnd, SessionInfo, StatementRecord } from "../session/observer.ts";
import { addBlindSpots, type BlindSpotLevel } from "./blind-spot-metrics.ts";
import { addGuardMetrics } from "./guard-metrics.ts";
import { addLedgerMetrics, type LedgerLevel } from "./ledger-metrics.ts";
import { addLimitMetrics, type LimitState } from "./limit-metrics.ts";
import { type Labels, Registry, type Sample, type Samples } from "./registry.ts";
import { fixed, named } from "./samples.ts";
import type { VersionCounts } from "./version-counts.ts";
import { VersionTable } from "./version-table.ts";

export interface MetricsOptions {
  /** Pairs of application and version that get labels of their own. */
  readonly labelSetsMax: number;
  /** What the audit says of itself; undefined where there is none. */
  readonly audit: () => AuditState | undefined;
  /** Log-ins that Straddle refused or was refused; undefined where it has no part in them. */
  readonly logins: () => LoginFailures | undefined;
  /** The cache of what was decided of texts; undefined before there is one. */
  readonly cache: () => CacheState | undefined;
  /** What limits there are, and how often they were met; undefined before there are any. */
  readonly limits: () => LimitState | undefined;
  /** The physical name of each window's columns and tables at present. */
  readonly windows: () => readonly PhysicalName[];
  readonly ledger?: () => LedgerLevel | undefined;
  readonly blindSpots?: () => readonly BlindSpotLevel[];
}

export interface AuditState {
  readonly droppedCount: number;
  readonly waitingCount: number;
  readonly pendingSize: number;
}

/** By the side that asked for proof. */
export interface LoginFailures {
  readonly client: number;
  readonly server: number;
}

export interface CacheState {
  readonly size: number;
  readonly evictedCount: number;
}

export interface PhysicalName {
  /** `public.orders.user_id`, as the window's old name has it. */
  readonly window: string;
  readonly name: string;
}

/**
 * Counts statements and sessions by application and version, and renders the counts. A statement
 * costs it a few hundred nanoseconds: labels are put on at the scrape.
 */
export class Metrics implements Observer {
  readonly wantsParameters = false;
  readonly #registry = new Registry();
  readonly #versions: VersionTable;
  /** Open sessions, and how many of their bytes have been counted. */
  readonly #sessions = new Map<SessionInfo, { received: number; sent: number }>();

  constructor(options: MetricsOptions) {
    this.#versions = new VersionTable({ labelSetsMax: options.labelSetsMax });
    this.#addStatements();
    this.#addSessions();
    this.#addState(options);
    addLimitMetrics(this.#registry, options.limits);
    if (options.ledger !== undefined) addLedgerMetrics(this.#registry, options.ledger);
    this.#registry.addProcessMetrics();
  }

  /** All metrics in Prometheus' text format. */
  async render(): Promise<string> {
    this.#countOpen();
    const text = await this.#registry.render();
    this.#versions.scraped();
    return text;
  }

  /** The same as data. A look in between counts as no scrape: versions keep their labels by scrapes. */
  async samples(options: { readonly isScrape: boolean }): Promise<Samples> {
    this.#countOpen();
    const samples = await this.#registry.samples();
    if (options.isScrape) this.#versions.scraped();
    return samples;
  }

  statementEnded(record: StatementRecord): void {
    this.#versions.counts(record.tag).addStatement(record);
  }

  sessionOpened(session: SessionInfo): void {
    this.#sessions.set(session, { received: 0, sent: 0 });
    this.#versions.counts(session.tag).sessionsOpened += 1;
  }

  sessionClosed(session: SessionInfo, end: SessionEnd): void {
    this.#countBytes(session);
    this.#sessions.delete(session);
    this.#versions.counts(session.tag).ends[end] += 1;
  }

  recovered(session: SessionInfo, how: "resent" | "reprepared"): void {
    this.#versions.counts(session.tag).recoveries[how] += 1;
  }

  retried(session: SessionInfo): void {
    this.#versions.counts(session.tag).retries += 1;
  }

  held(session: SessionInfo, milliseconds: number): void {
    this.#versions.counts(session.tag).hold.observe(milliseconds / 1000);
  }

  mayStart(): boolean {
    return true;
  }

  forget(): void {} // Nobody waits for it.

  #countOpen(): void {
    for (const session of this.#sessions.keys()) this.#countBytes(session);
  }

  /** The bytes since the last time go to the tag that the session has now. */
  #countBytes(session: SessionInfo): void {
    const counted = this.#sessions.get(session);
    if (counted === undefined) return;
    const counts = this.#versions.counts(session.tag);
    counts.bytesReceived += session.bytesReceived - counted.received;
    counts.bytesSent += session.bytesSent - counted.sent;
    counted.received = session.bytesReceived;
    counted.sent = session.bytesSent;
  }

  #addStatements(): void {
    const registry = this.#registry;
    registry.addCounter("straddle_statements_total", "Statements that have ended.", () =>
      this.#collect((counts) =>
        (["simple", "extended", "function_call"] as const).flatMap((protocol) =>
          named("verb", counts.statements[protocol], { protocol }),
        ),
      ),
    );
    registry.addCounter("straddle_statement_errors_total", "Statements that failed.", () =>
      this.#collect((counts) => named("sqlstate", counts.errors)),
    );
    registry.addCounter(
      "straddle_guard_retries_total",
      "Attempts at schema changes after one that did not get its lock.",
      () => this.#collect((counts) => [{ labels: {}, value: counts.retries }]),
    );
    registry.addCounter("straddle_rows_total", "Rows returned or changed.", () =>
      this.#collect((counts) => [{ labels: {}, value: counts.rows }]),
    );
    registry.addHistogram(
      "straddle_statement_duration_seconds",
      "From the client's bytes to the end of the answer.",
      () => this.#versions.all().map((counts) => ({ labels: of(counts), tally: counts.duration })),
    );
    registry.addHistogram(
      "straddle_overhead_seconds",
      "The part of it that Straddle spent on deciding.",
      () => this.#versions.all().map((counts) => ({ labels: of(counts), tally: counts.overhead })),
    );
    registry.addCounter("straddle_rewrites_total", "Statements sent with other names.", () =>
      this.#collect((counts) => [{ labels: {}, value: counts.verdicts.rewrite }]),
    );
    registry.addCounter("straddle_refusals_total", "Statements that Straddle refused.", () =>
      this.#collect((counts) => named("rule", counts.refusals)),
    );
    addGuardMetrics(registry, (samplesOf) => this.#collect(samplesOf));
    registry.addCounter(
      "straddle_recoveries_total",
      "Statements sent or prepared again, as a name had changed under them.",
      () => this.#collect((counts) => fixed("how", counts.recoveries)),
    );
    registry.addHistogram(
      "straddle_hold_seconds",
      "How long statements were kept back for a rename.",
      () => this.#versions.all().map((counts) => ({ labels: of(counts), tally: counts.hold })),
    );
  }

  #addSessions(): void {
    const registry = this.#registry;
    registry.addGauge("straddle_sessions", "Sessions that are open.", () => this.#openSessions());
    registry.addCounter("straddle_sessions_total", "Sessions that were opened.", () =>
      this.#collect((counts) => [{ labels: {}, value: counts.sessionsOpened }]),
    );
    registry.addCounter("straddle_session_ends_total", "Why sessions ended.", () =>
      this.#collect((counts) => fixed("end", counts.ends)),
    );
    registry.addCounter("straddle_received_bytes_total", "Bytes from clients.", () =>
      this.#collect((counts) => [{ labels: {}, value: counts.bytesReceived }]),
    );
    registry.addCounter("straddle_sent_bytes_total", "Bytes to clients.", () =>
      this.#collect((counts) => [{ labels: {}, value: counts.bytesSent }]),
    );
  }

  #addState({ audit, cache, windows, logins, blindSpots }: MetricsOptions): void {
    const ofAudit = (value: (state: AuditState) => number) => () => ofState(audit(), value);
    const ofCache = (value: (state: CacheState) => number) => () => ofState(cache(), value);
    const registry = this.#registry;
    registry.addCounter(
      "straddle_audit_dropped_total",
      "Statements that could not be recorded.",
      ofAudit((state) => state.droppedCount),
    );
    registry.addGauge(
      "straddle_audit_waiting",
      "Sessions that wait for the audit's sink.",
      ofAudit((state) => state.waitingCount),
    );
    registry.addGauge(
      "straddle_audit_buffer_bytes",
      "Audit records that the system has not taken yet.",
      ofAudit((state) => state.pendingSize),
    );
    registry.addGauge(
      "straddle_cache_bytes",
      "What is kept of analysed statements, measured roughly.",
      ofCache((state) => state.size),
    );
    registry.addCounter(
      "straddle_cache_evictions_total",
      "Analysed statements that had to go for others.",
      ofCache((state) => state.evictedCount),
    );
    registry.addCounter(
      "straddle_authentication_failures_total",
      "Log-ins of clients that Straddle refused, and of its own that the server did.",
      () => fixed("side", { ...logins() }),
    );
    registry.addGauge(
      "straddle_window_physical",
      "1 for the name that a window's column or table has in the catalog.",
      () => windows().map(({ window, name }) => ({ labels: { window, name }, value: 1 })),
      "max",
    );
    if (blindSpots !== undefined) addBlindSpots(registry, blindSpots);
  }

  /** The samples of each version, with its labels. */
  #collect(samplesOf: (counts: VersionCounts) => readonly Sample[]): Sample[] {
    return this.#versions.all().flatMap((counts) =>
      samplesOf(counts).map(({ labels, value }) => ({
        labels: { ...of(counts), ...labels },
        value,
      })),
    );
  }

  #openSessions(): Sample[] {
    const open = new Map<VersionCounts, number>(this.#versions.all().map((each) => [each, 0]));
    for (const { tag } of this.#sessions.keys()) {
      const counts = this.#versions.counts(tag);
      open.set(counts, (open.get(counts) ?? 0) + 1);
    }
    return [...open].map(([counts, value]) => ({ labels: of(counts), value }));
  }
}

function of({ app, version }: { readonly app: string; readonly version: string }): Labels {
  return { app, version };
}

function ofState<State>(state: State | undefined, value: (state: State) => number): Sample[] {
  return state === undefined ? [] : [{ labels: {}, value: value(state) }];
}
