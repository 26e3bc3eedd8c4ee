import { expect, test } from "vitest";
import { Metrics } from "../../src/metrics/metrics.ts";
import { joinedText, lastingSamples } from "../../src/metrics/registry.ts";
import { sessionInfo, statementRecord } from "../support/statement-record.ts";

/** What a process has counted: so many statements, and one session that is open. */
async function samplesAfter(statementsCount: number) {
  const metrics = new Metrics({
    labelSetsMax: 3,
    audit: () => undefined,
    logins: () => undefined,
    limits: () => undefined,
    cache: () => ({ size: 100, evictedCount: 1 }),
    windows: () => [{ window: "public.orders.user_id", name: "user_id" }],
  });
  const session = sessionInfo();
  metrics.sessionOpened(session);
  for (let count = 0; count < statementsCount; count++) {
    metrics.statementEnded(statementRecord({ session, durationMs: 2 }));
  }
  // As a message between processes.
  return JSON.parse(JSON.stringify(await metrics.samples({ isScrape: true })));
}

function lines(text: string, name: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith(name));
}

const V1 = 'app="shop",version="1.4.0"';

test("counts, histograms and gauges of several processes are summed; what a window has is not", async () => {
  const text = await joinedText([await samplesAfter(2), await samplesAfter(3)]);
  expect(lines(text, "straddle_statements_total")).toEqual([
    `straddle_statements_total{${V1},protocol="simple",verb="SELECT"} 5`,
  ]);
  expect(lines(text, "straddle_statement_duration_seconds_count")).toEqual([
    `straddle_statement_duration_seconds_count{${V1}} 5`,
  ]);
  expect(text).toContain(`straddle_statement_duration_seconds_bucket{le="0.0025",${V1}} 5\n`);
  expect(lines(text, "straddle_sessions{")).toEqual([`straddle_sessions{${V1}} 2`]);
  expect(lines(text, "straddle_cache_bytes")).toEqual(["straddle_cache_bytes 200"]);
  expect(lines(text, "straddle_window_physical")).toEqual([
    'straddle_window_physical{window="public.orders.user_id",name="user_id"} 1',
  ]);
});

test("of a process that is gone its counts last, and what it had at present does not", async () => {
  const gone = await lastingSamples([
    await lastingSamples([[], await samplesAfter(2)]),
    await samplesAfter(4),
  ]);
  const text = await joinedText([await samplesAfter(3), gone]);
  expect(lines(text, "straddle_statements_total")).toEqual([
    `straddle_statements_total{${V1},protocol="simple",verb="SELECT"} 9`,
  ]);
  expect(lines(text, "straddle_sessions{")).toEqual([`straddle_sessions{${V1}} 1`]);
});
