import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Progress } from "./progress.ts";

/** What a look has found: what was waited for, or why not yet. */
export type Look<T> =
  | { readonly kind: "found"; readonly found: T }
  | { readonly kind: "wait"; readonly because: string };

/** Looks at once, then every `pauseMs`, until something is found or the time is over. */
export async function waitFor<T>(
  look: () => Promise<Look<T>>,
  options: {
    readonly timeoutMs: number;
    readonly pauseMs: number;
    readonly progress: Progress;
  },
): Promise<Look<T>> {
  const endsMs = performance.now() + options.timeoutMs;
  try {
    for (;;) {
      const seen = await look();
      const leftMs = endsMs - performance.now();
      if (seen.kind === "found" || leftMs <= 0) return seen;
      options.progress.now(seen.because);
      await sleep(Math.min(options.pauseMs, leftMs));
    }
  } finally {
    options.progress.end();
  }
}
