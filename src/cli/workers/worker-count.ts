import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

/** How many workers `workers` asks for; `auto` is a worker for each whole core that we may use. */
export function workerCount(workers: number | "auto"): number {
  if (workers !== "auto") return workers;
  return Math.max(1, Math.floor(Math.min(availableParallelism(), cgroupCores())));
}

const ROOT = "/sys/fs/cgroup";

/** What control groups leave of the machine's cores: a container's CPU limit. Infinity without one. */
export function cgroupCores(read: (file: string) => string | undefined = contents): number {
  let cores = Number.POSITIVE_INFINITY;
  const group = /^0::(.*)$/m.exec(read("/proc/self/cgroup") ?? "")?.[1] ?? "/";
  // A limit of any group above holds too.
  for (let folder = group; ; folder = dirname(folder)) {
    const [quota, period] = (read(join(ROOT, folder, "cpu.max")) ?? "").split(" ").map(Number);
    cores = Math.min(cores, coresOf(quota, period));
    if (folder === "/" || folder === ".") break;
  }
  // Version 1, as a container sees it.
  const quota = Number(read(join(ROOT, "cpu/cpu.cfs_quota_us")));
  const period = Number(read(join(ROOT, "cpu/cpu.cfs_period_us")));
  return Math.min(cores, coresOf(quota, period));
}

function coresOf(quota: number | undefined, period: number | undefined): number {
  const isLimit = quota !== undefined && period !== undefined && quota > 0 && period > 0;
  return isLimit ? quota / period : Number.POSITIVE_INFINITY;
}

function contents(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // There are no such groups here.
  }
}
