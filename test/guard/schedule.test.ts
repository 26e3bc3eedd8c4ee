import { describe, expect, test } from "vitest";
import { parseSchedule } from "../../src/config/schedule.ts";
import { endOfPeriod, shownTime } from "../../src/guard/schedule.ts";

/** The end of what `now` is in, as UTC; "" if it is in none. */
function endAt(from: string, to: string, timeZone: string, now: string): string {
  const schedule = parseSchedule({ from, to, timeZone });
  if ("key" in schedule) throw new Error(schedule.problem);
  const end = endOfPeriod(schedule, Date.parse(now));
  return end === undefined ? "" : new Date(end).toISOString().replace(/:00\.000Z$/, "Z");
}

const schedules: readonly {
  readonly from: string;
  readonly to: string;
  readonly zone: string;
  /** UTC, and the end that is told then. */
  readonly at: Readonly<Record<string, string>>;
}[] = [
  {
    from: "Fri 16:00",
    to: "Mon 8:00",
    zone: "Europe/Berlin",
    at: {
      "2026-11-27T14:59:59Z": "",
      "2026-11-27T15:00:00Z": "2026-11-30T07:00Z",
      "2026-11-30T06:59:59Z": "2026-11-30T07:00Z",
      "2026-11-30T07:00:00Z": "",
      // Clocks go forward on March 29th: it begins in winter time, and ends in summer time.
      "2026-03-27T15:00:00Z": "2026-03-30T06:00Z",
      "2026-03-30T05:59:59Z": "2026-03-30T06:00Z",
      "2026-03-30T06:00:00Z": "",
      // And back on October 25th.
      "2026-10-23T13:59:59Z": "",
      "2026-10-23T14:00:00Z": "2026-10-26T07:00Z",
      "2026-10-26T06:59:59Z": "2026-10-26T07:00Z",
      "2026-10-26T07:00:00Z": "",
    },
  },
  {
    // In the night of October 25th clocks show 02:00 to 03:00 twice; it lasts from the first 02:15 on.
    from: "02:15",
    to: "02:45",
    zone: "Europe/Berlin",
    at: {
      "2026-10-25T00:14:59Z": "",
      "2026-10-25T00:15:00Z": "2026-10-25T01:45Z",
      "2026-10-25T01:10:00Z": "2026-10-25T01:45Z",
      "2026-10-25T01:45:00Z": "",
      // In the night of March 29th they never show it.
      "2026-03-29T00:14:59Z": "",
      "2026-03-29T00:30:00Z": "2026-03-29T01:45Z",
      "2026-03-29T01:30:00Z": "2026-03-29T01:45Z",
      "2026-03-29T01:45:00Z": "",
      "2026-07-01T00:20:00Z": "2026-07-01T00:45Z",
    },
  },
  {
    from: "22:00",
    to: "06:00",
    zone: "America/New_York",
    at: {
      "2026-07-02T01:59:59Z": "",
      "2026-07-02T02:00:00Z": "2026-07-02T10:00Z",
      "2026-07-02T09:59:59Z": "2026-07-02T10:00Z",
      "2026-07-02T10:00:00Z": "",
      "2026-11-01T03:00:00Z": "2026-11-01T11:00Z",
    },
  },
  {
    from: "08:00",
    to: "18:00",
    zone: "Asia/Kolkata",
    at: { "2026-07-02T02:29:00Z": "", "2026-07-02T02:30:00Z": "2026-07-02T12:30Z" },
  },
  {
    from: "Sunday 23:30",
    to: "Sunday 23:00",
    zone: "Pacific/Auckland",
    at: { "2026-07-05T11:15:00Z": "", "2026-07-05T11:30:00Z": "2026-07-12T11:00Z" },
  },
  {
    from: "2026-12-20 00:00",
    to: "2027-01-02 06:00",
    zone: "UTC",
    at: {
      "2025-12-25T00:00:00Z": "",
      "2026-12-19T23:59:59Z": "",
      "2026-12-20T00:00:00Z": "2027-01-02T06:00Z",
      "2027-01-02T05:59:59Z": "2027-01-02T06:00Z",
      "2027-01-02T06:00:00Z": "",
      "2027-12-25T00:00:00Z": "",
    },
  },
];

for (const { from, to, zone, at } of schedules) {
  describe(`${from} to ${to} ${zone}`, () => {
    for (const [now, end] of Object.entries(at)) {
      test(`${now}: ${end === "" ? "not" : `until ${end}`}`, () => {
        expect(endAt(from, to, zone, now)).toBe(end);
      });
    }
  });
}

test("each hour of a year is in a period if its clocks say so", () => {
  const schedule = parseSchedule({ from: "Fri 16:00", to: "Mon 08:00", timeZone: "Europe/Berlin" });
  if ("key" in schedule) throw new Error(schedule.problem);
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/Berlin",
    weekday: "short",
    hour: "2-digit",
    hourCycle: "h23",
  });
  const step = 3_600_000;
  for (let now = Date.UTC(2026, 0, 1); now < Date.UTC(2027, 0, 1); now += step) {
    const [day = "", hour = ""] = clock.format(now).split(/,? /);
    const isIn =
      ["Sat", "Sun"].includes(day) ||
      (day === "Fri" && Number(hour) >= 16) ||
      (day === "Mon" && Number(hour) < 8);
    const what = `${new Date(now).toISOString()} ${day} ${hour}`;
    expect(endOfPeriod(schedule, now) !== undefined, what).toBe(isIn);
  }
});

test("a time is shown by the zone's clocks", () => {
  const at = Date.parse("2026-11-30T07:00:00Z");
  expect(shownTime(at, "Europe/Berlin")).toBe("Mon 2026-11-30 08:00 (Europe/Berlin)");
  expect(shownTime(at, "Pacific/Auckland")).toBe("Mon 2026-11-30 20:00 (Pacific/Auckland)");
});
