import type { Readiness, ShownUse } from "./readiness.ts";

/** For people: the answer, and on a line each who or why. */
export function formatReadiness(readiness: Readiness): string {
  const { name, answer, doubts, users, earlier, database } = readiness;
  const quiet = duration(readiness.quiet_for_ms);
  const head = { yes: `yes, not used for ${quiet}`, no: why(readiness), unknown: "can't tell" }[
    answer
  ];
  const lines = [
    `${name}: ${head}`,
    ...users.map((use) => `  used by ${useWords(use)}`),
    ...database.map((object) => `  named by ${object}`),
    ...doubts.map((doubt) => `  not sure: ${doubt}`),
    ...earlier.map((use) => `  before that by ${useWords(use)}`),
  ];
  return `${lines.join("\n")}\n`;
}

function why({ users, quiet_for_ms: quietMs }: Readiness): string {
  if (users.some((use) => use.ago_ms < quietMs))
    return `no, used within the last ${duration(quietMs)}`;
  return users.length > 0
    ? "no, versions that have used it still have sessions"
    : "no, the database itself has it";
}

function useWords(use: ShownUse): string {
  const { is_certain, count, first_seen, live_sessions, per_second, fingerprints, client } = use;
  const perhaps = is_certain ? "" : " (perhaps: its statements do not tell what they use)";
  const since = `${count} statement(s) since ${first_seen}`;
  const now = `${live_sessions} session(s) now, ${per_second}/s`;
  const prints = fingerprints.length === 0 ? "" : `; fingerprints ${fingerprints.join(" ")}`;
  return `${tagWords(use)}${perhaps}: ${duration(use.ago_ms)} ago from ${client}, ${since}, ${now}${prints}`;
}

/** `shop@1.4.0`, or who says no version. */
export function tagWords(tag: { readonly app?: string; readonly version?: string }): string {
  return tag.version === undefined ? "(no version)" : `${tag.app ?? ""}@${tag.version}`;
}

/** `40 s`, `12 min`, `3 h`, `5 d`: to the next lower of these. */
export function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1_000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
