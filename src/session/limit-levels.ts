import type { CountedLimit } from "./limit-hits.ts";
import type { SessionState } from "./session-state.ts";

/** How far limits are used up at the moment, for those where there is such a thing. */
export type LimitLevels = ReadonlyMap<CountedLimit, number>;

/** Of limits that each session, or each user, has for itself, the level is that of the fullest one. */
export function limitLevels(
  sessions: Iterable<{ readonly info: { readonly user: string }; readonly state: SessionState }>,
  greetingCount: number,
): LimitLevels {
  const users = new Map<string, number>();
  let [count, owed, prepared, buffered] = [0, 0, 0, 0];
  for (const { info, state } of sessions) {
    count += 1;
    users.set(info.user, (users.get(info.user) ?? 0) + 1);
    owed = Math.max(owed, state.owedCount);
    prepared = Math.max(prepared, state.preparedSize);
    buffered = Math.max(buffered, state.bufferedSize);
  }
  return new Map([
    ["sessions_max", count],
    ["sessions_per_user_max", Math.max(0, ...users.values())],
    ["greetings_max", greetingCount],
    ["prepared_size_max", prepared],
    ["pipeline_max", owed],
    ["buffer_size_max", buffered],
  ]);
}
