/** Begin and end by a zone's clocks: the shape of `guard/schedule.ts`. */
interface Schedule {
  readonly from: number;
  readonly to: number;
  readonly everyMs: number | undefined;
  readonly timeZone: string;
}

/** A key of `when`, and what is wrong with it. */
interface Problem {
  readonly key: "from" | "to" | "time_zone";
  readonly problem: string;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** 1970-01-05, in days since 1970-01-01. */
const FIRST_MONDAY = 4;

const DAYS: readonly string[] = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
];

/** `Fri 16:00` to `Mon 8:00`, `22:00` to `6:00`, or `2026-12-20 00:00` to `2027-01-02 06:00`. */
export function parseSchedule(written: {
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
}): Schedule | Problem {
  const { timeZone } = written;
  if (!isTimeZone(timeZone)) {
    return {
      key: "time_zone",
      problem: `"${timeZone}" is not a time zone such as Europe/Berlin or UTC`,
    };
  }
  const from = parseTime(written.from);
  if (from === undefined) return { key: "from", problem: notATime(written.from) };
  const to = parseTime(written.to);
  if (to === undefined) return { key: "to", problem: notATime(written.to) };
  if (from.everyMs !== to.everyMs) {
    return { key: "to", problem: `"${written.to}" is not spelled as from, "${written.from}", is` };
  }
  const { everyMs } = from;
  if (from.shown === to.shown) return { key: "to", problem: "is the same time as from" };
  const end = to.shown < from.shown ? to.shown + (everyMs ?? 0) : to.shown;
  if (end < from.shown) return { key: "to", problem: `"${written.to}" comes before from` };
  return { from: from.shown, to: end, everyMs, timeZone };
}

function notATime(text: string): string {
  return `"${text}" is not a time such as Fri 16:00, 22:00 or 2026-12-20 00:00`;
}

/** What clocks show, in milliseconds since 1970-01-01 00:00, and after how long it comes again. */
function parseTime(text: string) {
  const match = /^(?:(\d{4}-\d\d-\d\d)|([a-z]{3,}))? ?(\d\d?):(\d\d)$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, date, day, hour, minute] = match;
  if (Number(hour) > 23 || Number(minute) > 59) return undefined;
  const time = (Number(hour) * 60 + Number(minute)) * MINUTE_MS;
  if (date !== undefined) {
    const midnight = Date.parse(`${date}T00:00:00Z`);
    const isDay = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(date);
    return isDay ? { shown: midnight + time, everyMs: undefined } : undefined;
  }
  if (day === undefined) return { shown: time, everyMs: DAY_MS };
  const index = DAYS.findIndex((name) => name.startsWith(day.toLowerCase()));
  return index < 0
    ? undefined
    : { shown: (FIRST_MONDAY + index) * DAY_MS + time, everyMs: 7 * DAY_MS };
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
