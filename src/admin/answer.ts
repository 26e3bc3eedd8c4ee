import { describeHealth, type Health, isReady } from "./health.ts";

/** Where the pages' content comes from. */
export interface AdminPages {
  /** The metrics in Prometheus' text format. */
  readonly metrics: () => Promise<string>;
  readonly health: () => Health;
  /** The settings in force, secrets masked. */
  readonly config: () => unknown;
  /**
   * Who uses which table and column, or who uses this one; a string says what is wrong with the question.
   * Undefined where that is not known.
   */
  readonly ledger?: ((asked: LedgerQuestion) => unknown) | undefined;
  /** Does what SIGTERM does; undefined where that is not to be had. */
  readonly quit?: (() => void) | undefined;
}

/** What is asked of the ledger, as it came. */
export interface LedgerQuestion {
  /** A table or a column; undefined for all of it. */
  readonly of: string | undefined;
  /** The time that is to be quiet. */
  readonly quietFor: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Of a 405: what is allowed, where it is not GET and HEAD. */
  readonly allow?: string;
}

const TEXT = "text/plain; charset=utf-8";
const JSON_TEXT = "application/json; charset=utf-8";
/** Prometheus' text exposition format. */
const METRICS = "text/plain; version=0.0.4; charset=utf-8";

const INDEX = `Straddle
/metrics   what is measured, for Prometheus
/livez     200 while the process answers
/readyz    200 while clients can be served, else 503; says why
/startupz  200 once the start is over
/ledger    who uses which table and column; ?of=public.orders.user_id: who uses this one
/config    the settings in force, secrets masked, and what waits for a restart
/quitquitquit  by POST, from this machine: ends Straddle as SIGTERM does
`;

/** What a GET of this path answers; undefined where there is no such page. */
export async function answer(
  path: string,
  query: URLSearchParams,
  pages: AdminPages,
): Promise<Answer | undefined> {
  switch (path) {
    case "/":
      return { status: 200, contentType: TEXT, body: INDEX };
    case "/metrics":
      return { status: 200, contentType: METRICS, body: await pages.metrics() };
    case "/livez":
      return { status: 200, contentType: TEXT, body: "alive\n" };
    case "/readyz": {
      const health = pages.health();
      return json(isReady(health) ? 200 : 503, describeHealth(health));
    }
    case "/startupz":
      return pages.health().isStarted
        ? { status: 200, contentType: TEXT, body: "started\n" }
        : { status: 503, contentType: TEXT, body: "starting\n" };
    case "/ledger": {
      if (pages.ledger === undefined) return plainAnswer(404, "ledger.enabled is false");
      const page = await pages.ledger({
        of: query.get("of") ?? undefined,
        quietFor: query.get("quiet_for") ?? undefined,
      });
      return typeof page === "string" ? plainAnswer(400, page) : json(200, page);
    }
    case "/config":
      return json(200, pages.config());
    default:
      return undefined;
  }
}

export function plainAnswer(status: number, text: string): Answer {
  return { status, contentType: TEXT, body: `${text}\n` };
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: JSON_TEXT, body: `${JSON.stringify(value, undefined, 2)}\n` };
}
