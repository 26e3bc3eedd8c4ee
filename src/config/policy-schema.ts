import { z } from "zod";
import { RuleSeverities } from "./rule-severities.ts";
import { Text } from "./scalars.ts";
import { parseSchedule } from "./schedule.ts";

/** `*` is any text; the rest is meant as it stands, and case counts. */
const Globs = z.array(
  Text.transform((glob) => globPattern(glob)).describe("A name, or a pattern with `*`."),
);

const TableGlobs = z.array(
  Text.transform((glob) => globPattern(glob.includes(".") ? glob : `public.${glob}`)).describe(
    "A table, or a pattern with `*`.",
  ),
);

/** One entry of `guard.policies`. Out comes the shape of `guard/policies.ts`, but for `rules`. */
export const Policy = z
  .strictObject({
    databases: Globs.optional().describe(
      "Only in these databases. In this list and the next three `*` stands for any text: `[shop, 'shop_*']`.",
    ),
    roles: Globs.optional().describe("Only for these roles, by the name that they log in as."),
    apps: Globs.optional().describe(
      "Only for these applications, as sessions' versions name them.",
    ),
    tables: TableGlobs.optional().describe(
      "Only for statements that change, lock or make one of these tables: `schema.table`, or `table` in schema public.",
    ),
    when: z
      .strictObject({
        from: Text.describe(
          "Begin: `Fri 16:00` each week, `22:00` each day, or `2026-12-20 00:00`.",
        ),
        to: Text.describe("End, spelled as `from` is."),
        time_zone: Text.default("UTC").describe("Whose clocks are meant: `Europe/Berlin`."),
      })
      .transform(({ from, to, time_zone: timeZone }, context) => {
        const schedule = parseSchedule({ from, to, timeZone });
        if ("key" in schedule) {
          const { key, problem } = schedule;
          context.addIssue({ code: "custom", path: [key], message: problem });
          return z.NEVER;
        }
        return schedule;
      })
      .optional(),
    rules: RuleSeverities.prefault({}).describe(
      "Rules by their ids, and what each does here: `block`, `warn` or `off`.",
    ),
    freeze: z
      .boolean()
      .optional()
      .describe(
        "`true`: no schema change runs (rule `schema-freeze`). `false`: they do, whatever entries before it say.",
      ),
    reason: Text.optional().describe("Why it is frozen; whoever is refused reads it."),
  })
  .transform((entry, context) => {
    const { databases, roles, apps, tables, when, rules, freeze, reason } = entry;
    if (Object.keys(rules).length === 0 && freeze === undefined) {
      context.addIssue({
        code: "custom",
        path: ["rules"],
        message: "is missing, and so is freeze",
      });
      return z.NEVER;
    }
    if (reason !== undefined && freeze !== true) {
      context.addIssue({ code: "custom", path: ["reason"], message: "goes with freeze: true" });
      return z.NEVER;
    }
    return { databases, roles, apps, tables, when, rules, freeze, reason };
  });

function globPattern(glob: string): RegExp {
  const parts = glob.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "su");
}
