import { findProgram } from "./find-program.ts";
import type { BenchOptions } from "./options.ts";
import { initializePgbench, type QueryMode, runPgbench } from "./pgbench.ts";
import { cpuMs } from "./process-usage.ts";
import type { Measures } from "./report.ts";
import { OTHER_TABLE, SAME_TABLE } from "./straddle.ts";
import type { Target } from "./target.ts";

interface Workload {
  readonly mode: QueryMode;
  readonly clientCount: number;
  /** Also run with a window on the table at hand, so that every statement is rewritten. */
  readonly isAlsoRewritten: boolean;
}

const QUICK: readonly Workload[] = [
  { mode: "simple", clientCount: 8, isAlsoRewritten: false },
  { mode: "prepared", clientCount: 1, isAlsoRewritten: false },
  { mode: "prepared", clientCount: 8, isAlsoRewritten: true },
];

const FULL: readonly Workload[] = [
  { mode: "simple", clientCount: 1, isAlsoRewritten: false },
  { mode: "simple", clientCount: 8, isAlsoRewritten: true },
  { mode: "simple", clientCount: 16, isAlsoRewritten: false },
  { mode: "extended", clientCount: 8, isAlsoRewritten: false },
  { mode: "prepared", clientCount: 1, isAlsoRewritten: false },
  { mode: "prepared", clientCount: 8, isAlsoRewritten: true },
  { mode: "prepared", clientCount: 16, isAlsoRewritten: false },
];

const WARM_UP_SECONDS = 2;

/** `pgbench -S`, every target in turn, workload by workload, round by round. */
export async function measureThroughput(
  targets: readonly Target[],
  measures: Measures,
  options: BenchOptions & { readonly folder: string; readonly say: (text: string) => void },
): Promise<void> {
  const { folder, seconds, rounds, say } = options;
  const command = findProgram("pgbench");
  const [direct] = targets;
  if (command === undefined || direct === undefined) {
    say("pgbench is not installed (Debian: postgresql-contrib): throughput is left out");
    return;
  }
  await initializePgbench(command, direct);
  const workloads = options.isQuick ? QUICK : FULL;
  const run = async (target: Target, workload: Workload, applicationName: string, time: number) => {
    await target.beforeRun();
    const { mode, clientCount } = workload;
    const cpuBefore = cpuMs(target.processId);
    const result = await runPgbench({
      ...{ command, address: target, mode, clientCount, seconds: time, applicationName, folder },
      wantsLatency: clientCount === 1,
    });
    const cpuAfter = cpuMs(target.processId);
    const usedMs =
      cpuAfter === undefined || cpuBefore === undefined ? undefined : cpuAfter - cpuBefore;
    return {
      ...result,
      cpuUs: usedMs === undefined ? undefined : (usedMs * 1_000) / result.transactionCount,
    };
  };

  for (const target of targets) {
    say(`warming up ${target.name}`);
    for (const mode of ["simple", "prepared"] as const) {
      const workload = { mode, clientCount: 8, isAlsoRewritten: false };
      await run(target, workload, OTHER_TABLE, Math.min(seconds, WARM_UP_SECONDS));
    }
  }
  for (let round = 1; round <= rounds; round++) {
    for (const workload of workloads) {
      const name = nameOf(workload);
      say(`round ${round} of ${rounds}: ${name}`);
      for (const target of targets) {
        const result = await run(target, workload, OTHER_TABLE, seconds);
        const { rate, latency, cpuUs } = result;
        measures.add(target.name, name, "tps", rate);
        measures.add(target.name, `${name}: p50`, "µs", latency?.p50Us);
        measures.add(target.name, `${name}: p99`, "µs", latency?.p99Us);
        measures.add(target.name, `${name}: CPU of the proxy`, "µs/transaction", cpuUs);
        if (!workload.isAlsoRewritten) continue;
        // Nothing differs for those who know no window.
        const isStraddle = target.name === "Straddle";
        const rewritten = isStraddle ? await run(target, workload, SAME_TABLE, seconds) : result;
        const rewrittenName = `${name}, all rewritten`;
        measures.add(target.name, rewrittenName, "tps", rewritten.rate);
        measures.add(
          target.name,
          `${rewrittenName}: CPU of the proxy`,
          "µs/transaction",
          rewritten.cpuUs,
        );
      }
    }
  }
}

function nameOf({ mode, clientCount }: Workload): string {
  return `pgbench -S, ${mode}, ${clientCount} ${clientCount === 1 ? "client" : "clients"}`;
}
