import { expect, test } from "vitest";
import { Metrics, type MetricsOptions } from "../../src/metrics/metrics.ts";
import { SHAPE, sessionInfo, statementRecord } from "../support/statement-record.ts";

function newMetrics(changes: Partial<MetricsOptions> = {}): Metrics {
  return new Metrics({
    labelSetsMax: 3,
    audit: () => undefined,
    logins: () => undefined,
    cache: () => undefined,
    limits: () => undefined,
    windows: () => [],
    ...changes,
  });
}

/** The samples whose name begins so, without comments. */
async function samples(metrics: Metrics, name: string): Promise<string[]> {
  const lines = (await metrics.render()).split("\n");
  return lines.filter((line) => line.startsWith(name));
}

const V1 = 'app="shop",version="1.4.0"';

test("statements are counted by application, version, verb and protocol", async () => {
  const metrics = newMetrics();
  metrics.statementEnded(statementRecord());
  metrics.statementEnded(statementRecord());
  metrics.statementEnded(statementRecord({ protocol: "extended" }));
  metrics.statementEnded(statementRecord({ tag: { app: "shop", version: "2.0.0" } }));
  metrics.statementEnded(statementRecord({ tag: undefined }));
  metrics.statementEnded(statementRecord({ shape: { ...SHAPE, verb: "CREATE AGGREGATE" } }));
  expect(await samples(metrics, "straddle_statements_total")).toEqual([
    'straddle_statements_total{app="",version="",protocol="simple",verb="SELECT"} 1',
    `straddle_statements_total{${V1},protocol="simple",verb="SELECT"} 2`,
    `straddle_statements_total{${V1},protocol="simple",verb="OTHER"} 1`,
    `straddle_statements_total{${V1},protocol="extended",verb="SELECT"} 1`,
    'straddle_statements_total{app="shop",version="2.0.0",protocol="simple",verb="SELECT"} 1',
  ]);
});

test("errors are counted by SQLSTATE; those that alerts watch are there at 0", async () => {
  const metrics = newMetrics();
  metrics.statementEnded(statementRecord({ sqlstate: "42703" }));
  metrics.statementEnded(statementRecord({ sqlstate: "23505" }));
  metrics.statementEnded(statementRecord({ sqlstate: 'x"}' }));
  expect(await samples(metrics, "straddle_statement_errors_total")).toEqual([
    `straddle_statement_errors_total{${V1},sqlstate="42703"} 1`,
    `straddle_statement_errors_total{${V1},sqlstate="42P01"} 0`,
    `straddle_statement_errors_total{${V1},sqlstate="23505"} 1`,
    `straddle_statement_errors_total{${V1},sqlstate="other"} 1`,
  ]);
});

test("durations are seconds, in cumulated buckets", async () => {
  const metrics = newMetrics();
  metrics.statementEnded(statementRecord({ durationMs: 2, overheadMs: 0.002 }));
  metrics.statementEnded(statementRecord({ durationMs: 70_000, overheadMs: 0.002 }));
  const duration = await samples(metrics, "straddle_statement_duration_seconds");
  expect(duration).toContain(`straddle_statement_duration_seconds_bucket{le="0.001",${V1}} 0`);
  expect(duration).toContain(`straddle_statement_duration_seconds_bucket{le="0.0025",${V1}} 1`);
  expect(duration).toContain(`straddle_statement_duration_seconds_bucket{le="60",${V1}} 1`);
  expect(duration).toContain(`straddle_statement_duration_seconds_bucket{le="+Inf",${V1}} 2`);
  expect(duration).toContain(`straddle_statement_duration_seconds_sum{${V1}} 70.002`);
  expect(duration).toContain(`straddle_statement_duration_seconds_count{${V1}} 2`);
  const overhead = await samples(metrics, "straddle_overhead_seconds_bucket");
  expect(overhead).toContain(`straddle_overhead_seconds_bucket{le="0.000001",${V1}} 0`);
  expect(overhead).toContain(`straddle_overhead_seconds_bucket{le="0.0000025",${V1}} 2`);
});

test("verdicts are counted apart", async () => {
  const metrics = newMetrics();
  metrics.statementEnded(statementRecord({ verdict: "rewrite" }));
  metrics.statementEnded(statementRecord({ verdict: "refuse", rule: "window" }));
  metrics.statementEnded(statementRecord({ verdict: "warn", rule: "lock-timeout" }));
  metrics.statementEnded(statementRecord({ verdict: "inject", rule: "lock-timeout" }));
  expect(await samples(metrics, "straddle_rewrites_total")).toEqual([
    `straddle_rewrites_total{${V1}} 1`,
  ]);
  expect(await samples(metrics, "straddle_refusals_total")).toEqual([
    `straddle_refusals_total{${V1},rule="lock-timeout"} 0`,
    `straddle_refusals_total{${V1},rule="window"} 1`,
  ]);
  expect(await samples(metrics, "straddle_guard_interventions_total")).toEqual([
    `straddle_guard_interventions_total{${V1},how="warn"} 1`,
    `straddle_guard_interventions_total{${V1},how="inject"} 1`,
  ]);
});

test("sessions: open ones as they are tagged now, ends by their reason", async () => {
  const metrics = newMetrics();
  const [first, second] = [sessionInfo(), sessionInfo({ id: 8 })];
  metrics.sessionOpened(first);
  metrics.sessionOpened(second);
  second.tag = { app: "shop", version: "2.0.0" };
  expect(await samples(metrics, "straddle_sessions{")).toEqual([
    `straddle_sessions{${V1}} 1`,
    'straddle_sessions{app="shop",version="2.0.0"} 1',
  ]);
  metrics.sessionClosed(first, "client");
  expect(await samples(metrics, "straddle_sessions{")).toContain(`straddle_sessions{${V1}} 0`);
  expect(await samples(metrics, "straddle_session_ends_total")).toContain(
    `straddle_session_ends_total{${V1},end="client"} 1`,
  );
  expect(await samples(metrics, "straddle_sessions_total")).toContain(
    `straddle_sessions_total{${V1}} 2`,
  );
});

test("bytes are counted once, at scrapes and at the session's end", async () => {
  const metrics = newMetrics();
  const session = sessionInfo();
  metrics.sessionOpened(session);
  session.bytesReceived = 10;
  session.bytesSent = 100;
  expect(await samples(metrics, "straddle_sent_bytes_total")).toEqual([
    `straddle_sent_bytes_total{${V1}} 100`,
  ]);
  session.bytesReceived = 15;
  session.bytesSent = 101;
  metrics.sessionClosed(session, "client");
  expect(await samples(metrics, "straddle_sent_bytes_total")).toEqual([
    `straddle_sent_bytes_total{${V1}} 101`,
  ]);
  expect(await samples(metrics, "straddle_received_bytes_total")).toEqual([
    `straddle_received_bytes_total{${V1}} 15`,
  ]);
});

test("retries of schema changes", async () => {
  const metrics = newMetrics();
  const session = sessionInfo();
  metrics.sessionOpened(session);
  metrics.retried(session);
  metrics.retried(session);
  expect(await samples(metrics, "straddle_guard_retries_total")).toEqual([
    `straddle_guard_retries_total{${V1}} 2`,
  ]);
});

test("recoveries and holds", async () => {
  const metrics = newMetrics();
  const session = sessionInfo();
  metrics.sessionOpened(session);
  metrics.recovered(session, "reprepared");
  metrics.held(session, 30);
  expect(await samples(metrics, "straddle_recoveries_total")).toEqual([
    `straddle_recoveries_total{${V1},how="resent"} 0`,
    `straddle_recoveries_total{${V1},how="reprepared"} 1`,
  ]);
  expect(await samples(metrics, "straddle_hold_seconds_bucket")).toContain(
    `straddle_hold_seconds_bucket{le="0.05",${V1}} 1`,
  );
});

test("audit, cache and windows as they are at the scrape", async () => {
  let name = "user_id";
  const metrics = newMetrics({
    audit: () => ({ droppedCount: 3, waitingCount: 2, pendingSize: 4096 }),
    logins: () => ({ client: 5, server: 1 }),
    cache: () => ({ size: 2048, evictedCount: 7 }),
    windows: () => [{ window: "public.orders.user_id", name }],
  });
  expect(await samples(metrics, "straddle_authentication")).toEqual([
    'straddle_authentication_failures_total{side="client"} 5',
    'straddle_authentication_failures_total{side="server"} 1',
  ]);
  expect(await samples(metrics, "straddle_audit")).toEqual([
    "straddle_audit_dropped_total 3",
    "straddle_audit_waiting 2",
    "straddle_audit_buffer_bytes 4096",
  ]);
  expect(await samples(metrics, "straddle_cache")).toEqual([
    "straddle_cache_bytes 2048",
    "straddle_cache_evictions_total 7",
  ]);
  name = "customer_id";
  expect(await samples(metrics, "straddle_window_physical")).toEqual([
    'straddle_window_physical{window="public.orders.user_id",name="customer_id"} 1',
  ]);
});

test("hostile labels stay inside their quotes", async () => {
  const metrics = newMetrics();
  metrics.statementEnded(statementRecord({ tag: { app: 'a"} 1\n#', version: "\\" } }));
  expect(await samples(metrics, "straddle_rewrites_total")).toEqual([
    'straddle_rewrites_total{app="a\\"} 1\\n#",version="\\\\"} 0',
  ]);
});

test("every line is in Prometheus' text format, and every metric has help and type", async () => {
  const metrics = newMetrics();
  metrics.statementEnded(statementRecord({ verdict: "rewrite" }));
  const lines = (await metrics.render()).split("\n").filter((line) => line !== "");
  const label = '[a-z_\\d]+="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
  const sample = new RegExp(`^[a-z_\\d]+(?:\\{${label}(?:,${label})*\\})? (?:[-+.e\\d]+|Nan)$`);
  const comment = /^# (?:HELP [a-z_\d]+ .+|TYPE [a-z_\d]+ (?:counter|gauge|histogram|summary))$/;
  expect(lines.filter((line) => !sample.test(line) && !comment.test(line))).toEqual([]);
  const described = new Set(lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []));
  const named = lines
    .filter((line) => !line.startsWith("#"))
    .map((line) => /^[a-z_\d]+/.exec(line)?.[0] ?? "");
  const base = (name: string) =>
    described.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, "");
  expect(named.filter((name) => !described.has(base(name)))).toEqual([]);
  expect([...described]).toEqual(
    expect.arrayContaining(["process_resident_memory_bytes", "nodejs_eventloop_lag_p99_seconds"]),
  );
});
