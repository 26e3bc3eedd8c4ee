/** When something holds, by the clocks of a time zone. */
export interface Schedule {
  /**
   * What the zone's clocks show at its begin and at its end, as milliseconds since 1970-01-01 00:00 on
   * those clocks; of one that comes again, any of its occurrences. `to` is above `from`.
   */
  readonly from: number;
  readonly to: number;
  /** After how long it comes again, on the same clocks; undefined: never. */
  readonly everyMs: number | undefined;
  /** As the IANA database has it: `Europe/Berlin`. */
  readonly timeZone: string;
}

const DAY_MS = 86_400_000;

/**
 * The end of the occurrence that `now` is in; undefined if it is in none. A time that clocks show twice is
 * the first one as a begin and the second one as an end, and one that they skip is an hour either way:
 * what holds, holds longer rather than shorter.
 */
export function endOfPeriod(schedule: Schedule, now: number): number | undefined {
  const { from, to, everyMs = 0, timeZone } = schedule;
  const shown = now + offsetAt(now, timeZone);
  const last = everyMs === 0 ? 0 : Math.floor((shown - from) / everyMs);
  // Where clocks change, an occurrence may begin before, or end after, what they show.
  for (const count of everyMs === 0 ? [0] : [last + 1, last, last - 1]) {
    const starts = Math.min(...instants(from + count * everyMs, timeZone));
    const ends = Math.max(...instants(to + count * everyMs, timeZone));
    if (starts <= now && now < ends) return ends;
  }
  return undefined;
}

/** `Mon 2026-11-30 08:00 (Europe/Berlin)`. */
export function shownTime(at: number, timeZone: string): string {
  const clock = new Date(at + offsetAt(at, timeZone));
  const day = DAYS[clock.getUTCDay()] ?? "";
  return `${day} ${clock.toISOString().slice(0, 16).replace("T", " ")} (${timeZone})`;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** When the zone's clocks show this: once, or twice, or never, and then by the offsets around it. */
function instants(shown: number, timeZone: string): readonly number[] {
  const around = [shown - DAY_MS, shown + DAY_MS].map((at) => shown - offsetAt(at, timeZone));
  const real = around.filter((at) => at + offsetAt(at, timeZone) === shown);
  return real.length > 0 ? real : around;
}

/** What the zone's clocks are ahead of UTC, in milliseconds. */
function offsetAt(at: number, timeZone: string): number {
  const parts = new Map(
    clockOf(timeZone)
      .formatToParts(at)
      .map((part) => [part.type, part.value]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes) => Number(parts.get(name));
  const shown = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return shown - Math.floor(at / 1_000) * 1_000;
}

/** One for each zone that the settings name: to make one takes longer than to ask it. */
const CLOCKS = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = CLOCKS.get(timeZone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  CLOCKS.set(timeZone, clock);
  return clock;
}
