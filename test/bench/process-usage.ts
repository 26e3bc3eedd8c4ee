import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** A process, and those that it has started. */
export function processTree(processId: number): readonly number[] {
  const file = `/proc/${processId}/task/${processId}/children`;
  if (!existsSync(file)) return [processId];
  const children = readFileSync(file, "utf8").trim().split(" ").filter(Boolean).map(Number);
  return [processId, ...children.flatMap(processTree)];
}

/**
 * Resident memory of a process and its children in MB (1,000,000 bytes), what they share counted for
 * each; undefined where it can't be told.
 */
export function residentMegabytes(processId: number | undefined): number | undefined {
  if (processId === undefined) return undefined;
  return processTree(processId).reduce((sum, each) => sum + (residentOf(each) ?? 0), 0);
}

function residentOf(processId: number): number | undefined {
  const kibibytes = existsSync("/proc/self/status")
    ? /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${processId}/status`, "utf8"))?.[1]
    : execFileSync("ps", ["-o", "rss=", "-p", String(processId)], { encoding: "utf8" }).trim();
  return kibibytes === undefined ? undefined : (Number(kibibytes) * 1_024) / 1e6;
}

// USER_HZ: 100 on every Linux that runs Node.
const TICK_MS = 10;

/** CPU time, of user and system, that a process and its children have used; undefined but on Linux. */
export function cpuMs(processId: number | undefined): number | undefined {
  if (processId === undefined || !existsSync("/proc/self/stat")) return undefined;
  return processTree(processId).reduce((sum, each) => sum + cpuOf(each), 0);
}

function cpuOf(processId: number): number {
  const stat = readFileSync(`/proc/${processId}/stat`, "utf8");
  // The name of the program, in parentheses, can hold blanks; state is the first field behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
