import type { AdminPages } from "../admin/answer.ts";
import { type Admin, startAdmin } from "../admin/http.ts";
import { AuditLog } from "../audit/audit-log.ts";
import type { SinkTarget } from "../audit/sink.ts";
import type { Config } from "../config/config.ts";
import { shownSettings } from "../config/written.ts";
import { type LoginFailures, Metrics } from "../metrics/metrics.ts";
import type { Samples } from "../metrics/registry.ts";
import type { Listener } from "../session/listener.ts";
import type { Observer } from "../session/observer.ts";
import { ObserverList } from "../session/observer-list.ts";
import { explainSystemError, SetupError } from "./fail.ts";
import { type KeptLedger, openKeptLedger } from "./ledger/kept-ledger.ts";
import { LedgerKeeper } from "./ledger-keeper.ts";
import { limitState } from "./limit-state.ts";
import { log } from "./log.ts";
import { physicalNames } from "./physical-names.ts";
import type { BlindSpotCount } from "./preflight/window-preflight.ts";
import type { SharedState } from "./shared-state.ts";
import type { Links } from "./workers/links.ts";

/** What observers are told of sessions beside what they see of them. */
type ShownListener = Pick<Listener, "levels" | "running">;

/** How long the audit log may take to write what is left when Straddle stops. */
export const CLOSE_DEADLINE_MS = 5_000;

/** Audit, metrics and the pages that show them. */
export class Observers {
  readonly observer: Observer;
  /** Undefined where it is off. */
  readonly ledger: LedgerKeeper | undefined;
  readonly #audit: AuditLog | undefined;
  readonly #metrics: Metrics | undefined;
  /** Only there once the sessions' state is. */
  #state: SharedState | undefined;
  #listener: ShownListener | undefined;
  /** Of terminated authentication; undefined where there is none. */
  logins: LoginFailures | undefined;
  /** What windows leave behind in the database, as far as it was looked up. */
  blindSpots: () => readonly BlindSpotCount[] = () => [];
  #admin: Admin | undefined;

  /** What can't be opened is a SetupError. */
  static async open(config: Config, links?: Links): Promise<Observers> {
    // Of workers: their primary's.
    const kept = links === undefined ? await openKeptLedger(config) : undefined;
    return new Observers(config, { audit: await openAudit(config, links), links, kept });
  }

  private constructor(
    config: Config,
    opened: {
      readonly audit: AuditLog | undefined;
      readonly links: Links | undefined;
      readonly kept: KeptLedger | undefined;
    },
  ) {
    const { audit, links, kept } = opened;
    this.#audit = audit;
    this.ledger = config.ledger.enabled ? this.#newLedger(config, { links, kept }) : undefined;
    if (config.metrics.enabled) {
      this.#metrics = new Metrics({
        labelSetsMax: config.metrics.labelSetsMax,
        audit: () => audit,
        logins: () => this.logins,
        cache: () => this.#state?.decider.cacheState,
        limits: () => {
          const levels = this.#listener?.levels;
          return this.#state && levels && limitState(this.#state, levels);
        },
        blindSpots: () => this.blindSpots(),
        // Of workers: their primary's, once for all.
        ledger: () => (links === undefined ? this.ledger?.level : undefined),
        windows: () => (this.#state === undefined ? [] : physicalNames(this.#state)),
      });
    }
    this.observer = new ObserverList(
      [audit, this.#metrics, this.ledger?.counter].filter((observer) => observer !== undefined),
    );
  }

  /** Why statements are not recorded as they should be. */
  get auditProblem(): string | undefined {
    return this.#audit?.problem;
  }

  get port(): number | undefined {
    return this.#admin?.port;
  }

  /** All metrics as data; none where they are off. */
  async samples(options: { readonly isScrape: boolean }): Promise<Samples> {
    return (await this.#metrics?.samples(options)) ?? [];
  }

  /** Sessions' state is there: metrics show it. */
  show(state: SharedState, listener: ShownListener): void {
    this.#state = state;
    this.#listener = listener;
  }

  /** Serves metrics and health, if they are on. */
  async serve(
    state: SharedState,
    listener: ShownListener,
    pages: Pick<AdminPages, "health" | "quit">,
  ): Promise<void> {
    this.show(state, listener);
    const metrics = this.#metrics;
    if (metrics === undefined) return;
    const { host, port } = state.config.metrics;
    try {
      this.#admin = await startAdmin({
        host,
        port,
        metrics: () => metrics.render(),
        ...pages,
        ledger: this.ledger && ((asked) => this.ledger?.page(asked)),
        config: () => ({
          in_force: shownSettings(state.config),
          waiting_for_restart: state.waitingKeys,
        }),
        report: log.problem,
      });
    } catch (error) {
      const subject = `metrics.host and metrics.port: ${host}:${port}`;
      throw new SetupError(explainSystemError(subject, error));
    }
  }

  /** The audit log was moved away: opens it anew. */
  async reopen(): Promise<void> {
    await this.#audit?.reopen();
  }

  #newLedger(
    { ledger, control }: Config,
    { links, kept }: { readonly links: Links | undefined; readonly kept: KeptLedger | undefined },
  ): LedgerKeeper {
    return new LedgerKeeper({
      kept,
      warn: (words) => log.warn(words),
      settings: ledger,
      windows: () => this.#state?.windows ?? [],
      countBy: {
        database: control.database,
        names: () => this.#state?.namings,
        running: () => this.#listener?.running() ?? [],
      },
      tell: links && ((batch) => links.tellUses(batch)),
    });
  }

  async stop(): Promise<void> {
    await this.#admin?.stop();
    await this.ledger?.stop();
    await this.#audit?.close(CLOSE_DEADLINE_MS);
  }
}

/** Where the audit log goes; undefined where it is off. */
export function auditTarget({ audit }: Config): SinkTarget | undefined {
  if (audit.to === "off") return undefined;
  return audit.to === "stdout"
    ? { kind: "descriptor", fd: 1 }
    : { kind: "file", path: audit.path ?? "" };
}

async function openAudit(config: Config, links?: Links): Promise<AuditLog | undefined> {
  const { audit } = config;
  const target = auditTarget(config);
  if (target === undefined) return undefined;
  const { parameters, whenFull, bufferSizeMax, parameterSizeMax } = audit;
  const options = { parameters, whenFull, bufferSizeMax, parameterSizeMax };
  if (links !== undefined) return new AuditLog(options, links.auditSink);
  try {
    return await AuditLog.open({ ...options, target, log });
  } catch (error) {
    throw new SetupError(explainSystemError(`audit.path: ${audit.path}`, error));
  }
}
