import { setTimeout as sleep } from "node:timers/promises";
import { residentMegabytes } from "./process-usage.ts";
import type { RawClient } from "./raw-client.ts";
import type { Measures } from "./report.ts";
import { OTHER_TABLE } from "./straddle.ts";
import { connect, type Target } from "./target.ts";

const SETTLE_MS = 1_000;

/** Memory of a proxy that has just started, and what a session that waits for work adds to it. */
export async function measureIdleSessions(
  targets: readonly Target[],
  measures: Measures,
  options: { readonly count: number; readonly say: (text: string) => void },
): Promise<void> {
  for (const target of targets) {
    measures.add(target.name, "start to first session", "ms", target.startMs);
    if (target.processId === undefined) continue;
    options.say(`${options.count} idle sessions at ${target.name}`);
    // What the first sessions bring about is not the cost of one more.
    await openSessions(target, 20);
    await sleep(SETTLE_MS);
    await target.tidyMemory();
    const before = residentMegabytes(target.processId);
    const sessions = await openSessions(target, options.count, true);
    await sleep(SETTLE_MS);
    await target.tidyMemory();
    const after = residentMegabytes(target.processId);
    for (const session of sessions) session.close();
    await target.beforeRun();
    if (before === undefined || after === undefined) continue;
    measures.add(target.name, "memory at rest", "MB", before);
    measures.add(
      target.name,
      `memory per idle session (of ${options.count})`,
      "KB",
      ((after - before) * 1_000) / options.count,
    );
  }
  await sleep(SETTLE_MS);
}

/** Each has run a statement, and so has its server connection. */
async function openSessions(
  target: Target,
  count: number,
  isKept = false,
): Promise<readonly RawClient[]> {
  const sessions: RawClient[] = [];
  for (let opened = 0; opened < count; opened++) {
    const session = await connect(target, OTHER_TABLE);
    await session.query("SELECT 1");
    if (isKept) sessions.push(session);
    else session.close();
  }
  return sessions;
}
