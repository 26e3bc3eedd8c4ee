import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { cgroupCores, workerCount } from "../../../src/cli/workers/worker-count.ts";

const cases: readonly { name: string; files: Record<string, string>; cores: number }[] = [
  { name: "no control groups", files: {}, cores: Number.POSITIVE_INFINITY },
  {
    name: "no limit",
    files: { "/sys/fs/cgroup/cpu.max": "max 100000\n" },
    cores: Number.POSITIVE_INFINITY,
  },
  { name: "a container's", files: { "/sys/fs/cgroup/cpu.max": "150000 100000\n" }, cores: 1.5 },
  {
    name: "that of a group above",
    files: {
      "/proc/self/cgroup": "0::/pods/one\n",
      "/sys/fs/cgroup/pods/one/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/pods/cpu.max": "300000 100000\n",
    },
    cores: 3,
  },
  {
    name: "version 1",
    files: {
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    },
    cores: 2,
  },
  {
    name: "version 1, without limit",
    files: {
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    },
    cores: Number.POSITIVE_INFINITY,
  },
];

for (const { name, files, cores } of cases) {
  test(`the limit of CPU: ${name}`, () => {
    expect(cgroupCores((file) => files[file])).toBe(cores);
  });
}

test("auto is at least one, and no more than there are cores", () => {
  expect(workerCount("auto")).toBeGreaterThanOrEqual(1);
  expect(workerCount("auto")).toBeLessThanOrEqual(availableParallelism());
  expect(workerCount(5)).toBe(5);
});
