import type { LimitState } from "../metrics/limit-metrics.ts";
import type { LimitLevels } from "../session/limit-levels.ts";
import type { SharedState } from "./shared-state.ts";

/** What is known of limits: how often they were met, where they stand, and what they are. */
export function limitState(state: SharedState, levels: LimitLevels): LimitState {
  const { limits } = state.config;
  const { size, evictedCount } = state.decider.cacheState;
  const maxima = new Map([
    ["sessions_max", limits.sessionsMax],
    ["sessions_per_user_max", limits.sessionsPerUserMax],
    ["greetings_max", limits.greetingsMax],
    ["prepared_size_max", limits.preparedSizeMax],
    ["pipeline_max", limits.pipelineMax],
    ["buffer_size_max", limits.bufferSizeMax],
    ["cache_size_max", limits.cacheSizeMax],
  ]);
  return {
    hits: [...state.hits.entries(), ["cache_size_max", evictedCount]],
    levels: [...levels, ["cache_size_max", size]],
    maxima: [...maxima].filter(([, max]) => max > 0),
  };
}
