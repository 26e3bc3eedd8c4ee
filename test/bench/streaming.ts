import type { BenchOptions } from "./options.ts";
import { residentMegabytes } from "./process-usage.ts";
import type { Measures } from "./report.ts";
import { OTHER_TABLE } from "./straddle.ts";
import { connect, type Target } from "./target.ts";

const ROW_COUNT = 1_000_000;
const ROWS = `
  CREATE UNLOGGED TABLE bench_rows AS
    SELECT number AS id, repeat('x', 80) AS label FROM generate_series(1, ${ROW_COUNT}) AS number;
  CREATE TABLE bench_sink (label text);
  VACUUM (ANALYZE) bench_rows`;

/** A block of whole lines for COPY FROM STDIN; rows are not kept, so that no disk is measured. */
const BLOCK = Buffer.from(`${"x".repeat(1_023)}\n`.repeat(64));
const COPY_IN = "COPY bench_sink FROM STDIN WHERE false";

const SAMPLE_MS = 20;
const STALL_MS = 1_000;

/** Makes the tables. */
export async function prepareStreaming(direct: Target): Promise<void> {
  const client = await connect(direct, OTHER_TABLE);
  for (const sql of ROWS.split(";")) await client.query(sql);
  client.close();
}

/** Large results and COPY, in MB per second. */
export async function measureStreaming(
  targets: readonly Target[],
  measures: Measures,
  options: BenchOptions & { readonly say: (text: string) => void },
): Promise<void> {
  const { rounds, say } = options;
  // Round 0 warms up.
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? "warming up streams" : `round ${round} of ${rounds}: streams of 1 M rows`);
    for (const target of targets) {
      await target.beforeRun();
      const client = await connect(target, OTHER_TABLE);
      const out = await speed(() => client.query("COPY bench_rows TO STDOUT"));
      const rows = await speed(() => client.query("SELECT * FROM bench_rows"));
      const blockCount = 1_500;
      const into = await speed(async () => {
        await client.copyIn(COPY_IN, BLOCK, blockCount);
        return blockCount * BLOCK.length;
      });
      client.close();
      if (round === 0) continue;
      measures.add(target.name, "COPY TO of 1 M rows", "MB/s", out);
      measures.add(target.name, "SELECT of 1 M rows", "MB/s", rows);
      measures.add(target.name, "COPY FROM of 100 MB", "MB/s", into);
    }
  }
}

/** What a proxy's resident memory grows by at most, while much is streamed through. */
export async function measureStreamMemory(
  targets: readonly Target[],
  measures: Measures,
  options: BenchOptions & { readonly say: (text: string) => void },
): Promise<void> {
  const size = options.isQuick ? 250_000_000 : 1_000_000_000;
  const sizeName = options.isQuick ? "250 MB" : "1 GB";
  for (const target of targets) {
    if (target.processId === undefined) continue;
    options.say(`streaming ${sizeName} through ${target.name}, twice`);
    const client = await connect(target, OTHER_TABLE);
    let isStalled = false;
    const out = await growthDuring(target, () =>
      client.query(
        `COPY (SELECT repeat('x', 999), generate_series(1, ${size / 1_000})) TO STDOUT`,
        (received) => {
          if (isStalled || received < size / 2) return;
          isStalled = true;
          client.stall(STALL_MS);
        },
      ),
    );
    const into = await growthDuring(target, () =>
      client.copyIn(COPY_IN, BLOCK, Math.ceil(size / BLOCK.length)),
    );
    client.close();
    const name = `growth of memory, ${sizeName}`;
    measures.add(target.name, `${name} to a client that stalls for a second`, "MB", out);
    measures.add(target.name, `${name} from a client`, "MB", into);
  }
}

async function speed(stream: () => Promise<number>): Promise<number> {
  const startedMs = performance.now();
  const size = await stream();
  return size / 1_000 / (performance.now() - startedMs);
}

async function growthDuring(
  target: Target,
  stream: () => Promise<unknown>,
): Promise<number | undefined> {
  const before = residentMegabytes(target.processId);
  if (before === undefined) return undefined;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, residentMegabytes(target.processId) ?? 0);
  }, SAMPLE_MS);
  try {
    await stream();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}
