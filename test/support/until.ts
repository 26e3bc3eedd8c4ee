/** Between two questions, at first and at most: what takes long is asked for less often. */
const PAUSE_MS_MIN = 5;
const PAUSE_MS_MAX = 50;

/** Resolves when `isTrue` says so; rejects, naming `what`, when that takes longer than `timeoutMs`. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = PAUSE_MS_MIN; !(await isTrue()); pauseMs *= 1.5) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, PAUSE_MS_MAX)));
  }
}
