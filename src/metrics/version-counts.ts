import type { GuardOutcome } from "../guard/guard-settings.ts";
import type { SessionEnd, StatementRecord, Verdict } from "../session/observer.ts";
import { Tally } from "./tally.ts";
import { verbLabel } from "./verbs.ts";

/** Seconds: from a lookup in cache to a report that somebody waits for. */
const DURATION_BOUNDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60,
];
/** Seconds: from a cached decision to a parse of a large statement. */
const OVERHEAD_BOUNDS = [
  0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.001, 0.01, 0.1,
];
/** Seconds: a flip takes milliseconds, and is given up after two seconds. */
const HOLD_BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

type Protocol = StatementRecord["protocol"];

/**
 * A count for each of a few names. Prometheus can't tell a series that comes up at 1 from one that has
 * been there, so names that alerts are made for are there from the start, at 0.
 */
export class NamedCounts {
  readonly #cells = new Map<string, { count: number }>();

  constructor(names: readonly string[] = []) {
    for (const name of names) this.#cells.set(name, { count: 0 });
  }

  add(name: string, by = 1): void {
    const cell = this.#cells.get(name);
    if (cell === undefined) this.#cells.set(name, { count: by });
    else cell.count += by;
  }

  entries(): (readonly [string, number])[] {
    return [...this.#cells].map(([name, cell]) => [name, cell.count] as const);
  }
}

/** Counts by rule, for each thing that can come of what a rule says. */
export type OutcomeCounts = Readonly<Record<GuardOutcome["outcome"], NamedCounts>>;

function byOutcome(): OutcomeCounts {
  return {
    refuse: new NamedCounts(),
    warn: new NamedCounts(),
    observe: new NamedCounts(),
    override: new NamedCounts(),
  };
}

/** An unknown column or table: what a rename breaks. */
const WATCHED_ERRORS = ["42703", "42P01"] as const;
const KNOWN_RULES = ["lock-timeout", "window"] as const;

/** All that is counted of one application's version. */
export class VersionCounts {
  readonly app: string;
  readonly version: string;
  readonly duration = new Tally(DURATION_BOUNDS);
  readonly overhead = new Tally(OVERHEAD_BOUNDS);
  readonly hold = new Tally(HOLD_BOUNDS);
  /** By verb. */
  readonly statements: Readonly<Record<Protocol, NamedCounts>> = {
    simple: new NamedCounts(),
    extended: new NamedCounts(),
    function_call: new NamedCounts(),
    replication: new NamedCounts(),
  };
  /** By SQLSTATE. */
  readonly errors = new NamedCounts(WATCHED_ERRORS);
  /** By rule. */
  readonly refusals = new NamedCounts(KNOWN_RULES);
  /** What the guard's rules had to say, by rule. */
  readonly findings = byOutcome();
  /** What those would take by estimate: seconds under the lock, and requests that would wait. */
  readonly estimatedSeconds = byOutcome();
  readonly estimatedRequests = byOutcome();
  readonly ends: Record<SessionEnd, number> = {
    client: 0,
    server: 0,
    server_lost: 0,
    unreachable: 0,
    startup_timeout: 0,
    idle_timeout: 0,
    stalled_timeout: 0,
    protocol_error: 0,
    bug: 0,
    shutdown: 0,
    refused: 0,
  };
  readonly recoveries = { resent: 0, reprepared: 0 };
  readonly verdicts: Record<Verdict, number> = {
    pass: 0,
    rewrite: 0,
    refuse: 0,
    warn: 0,
    inject: 0,
  };
  /** Of schema changes that did not get their lock. */
  retries = 0;
  rows = 0;
  sessionsOpened = 0;
  bytesReceived = 0;
  bytesSent = 0;

  constructor(app: string, version: string) {
    this.app = app;
    this.version = version;
  }

  /** Whether anything has been counted at all. */
  get isUsed(): boolean {
    return this.sessionsOpened > 0 || this.duration.count > 0;
  }

  addStatement(record: StatementRecord): void {
    const { verdict, sqlstate } = record;
    this.statements[record.protocol].add(verbLabel(record.shape.verb));
    this.duration.observe(record.durationMs / 1000);
    this.overhead.observe(record.overheadMs / 1000);
    this.rows += record.rows;
    this.verdicts[verdict] += 1;
    if (verdict === "refuse") this.refusals.add(record.rule ?? "");
    for (const { rule, outcome, estimate } of record.outcomes) {
      this.findings[outcome].add(rule);
      if (estimate === undefined) continue;
      this.estimatedSeconds[outcome].add(rule, estimate.seconds);
      this.estimatedRequests[outcome].add(rule, estimate.requests);
    }
    if (sqlstate !== undefined) this.errors.add(SQLSTATE.test(sqlstate) ? sqlstate : "other");
  }
}
const SQLSTATE = /^[0-9A-Z]{5}$/;
