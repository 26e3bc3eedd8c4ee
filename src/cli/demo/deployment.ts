import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { withClient } from "../shop/seed.ts";
import { type Pod, startPod } from "./pod.ts";
import { failureLines, picture, stepLine } from "./printed.ts";
import type { Screen } from "./screen.ts";
import { type PodReport, Statistics } from "./statistics.ts";

const PODS_COUNT = 4;
const CONNECTIONS_PER_POD = 3;
const STEP_MS = 1_500;
const SHOW_MS = 250;
const OLD_VERSION = "1.4.0";
const NEW_VERSION = "2.0.0";

/** The column is renamed when this many pods are new. */
const RENAME_AT = 2;
const RENAMES_MAX = 20;

export interface DeploymentPlan {
  /** The server, or the instances of Straddle before it: pods take turns. */
  readonly connections: readonly pg.ClientConfig[];
  /** Renames the column, halfway; gives the lines to show. */
  rename(): Promise<readonly string[]>;
  /**
   * What is left to do when all pods are new, while they go on to work. Beside them a pod of the old version
   * was forgotten.
   */
  readonly finish?: (straggler: Pick<Pod, "stop">) => Promise<void>;
}

/**
 * A rolling deployment, for real: old pods are replaced by new ones, one at a time, while all of them
 * work; in the middle of it the column is renamed.
 */
export async function runDeployment(plan: DeploymentPlan, screen: Screen): Promise<Statistics> {
  const whole = new Statistics();
  let step = new Statistics();
  let stepStartedAt = performance.now();
  const onReport = (report: PodReport) => {
    whole.add(report);
    step.add(report);
  };
  let started = 0;
  const start = (version: string, connectionsCount = CONNECTIONS_PER_POD) => {
    const connection = plan.connections[started++ % plan.connections.length] ?? {};
    return startPod({ version, connection, connectionsCount }, onReport);
  };

  let pods: readonly Pod[] = await Promise.all(
    Array.from({ length: PODS_COUNT }, () => start(OLD_VERSION)),
  );
  const straggler = plan.finish && (await start(OLD_VERSION, 1));
  const stepSoFar = () => {
    const versions = pods.map(({ version }) => version);
    return stepLine(picture(versions), step, performance.now() - stepStartedAt);
  };
  const showTimer = setInterval(() => screen.live(stepSoFar()), SHOW_MS);
  // A step reaches from the line before to its own: no failure is left out.
  const endStep = async () => {
    await sleep(STEP_MS);
    screen.line(stepSoFar());
    step = new Statistics();
    stepStartedAt = performance.now();
  };

  await endStep();
  for (let replaced = 1; replaced <= PODS_COUNT; replaced += 1) {
    const fresh = await start(NEW_VERSION);
    await pods.at(-1)?.stop();
    pods = [fresh, ...pods.slice(0, -1)];
    await endStep();
    if (replaced === RENAME_AT) for (const line of await plan.rename()) screen.line(`  ${line}`);
  }
  if (straggler !== undefined) {
    await plan.finish?.(straggler);
    await endStep();
  }
  clearInterval(showTimer);
  await Promise.all(pods.map((pod) => pod.stop()));
  for (const line of failureLines(whole)) screen.line(line);
  return whole;
}

/** What a person would do: a short lock_timeout, and again when the lock was not to be had. */
export async function renameColumn(connection: pg.ClientConfig): Promise<string> {
  return withClient({ ...connection, application_name: "migration" }, async (client) => {
    await client.query("SET lock_timeout = '2s'");
    for (let attempt = 1; ; attempt += 1) {
      const start = performance.now();
      try {
        await client.query("ALTER TABLE orders RENAME COLUMN user_id TO customer_id");
        const elapsedMs = Math.round(performance.now() - start);
        return `ALTER TABLE orders RENAME COLUMN user_id TO customer_id  (${elapsedMs} ms, attempt ${attempt})`;
      } catch (error) {
        const isLockTimeout = error instanceof pg.DatabaseError && error.code === "55P03";
        if (!isLockTimeout || attempt === RENAMES_MAX) throw error;
        await sleep(50 * attempt);
      }
    }
  });
}
