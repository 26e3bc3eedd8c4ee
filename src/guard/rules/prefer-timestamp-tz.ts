import { columnDefinitions, typeProblem } from "../reading/column-definitions.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const preferTimestampTz: Rule = {
  id: "prefer-timestamp-tz",
  group: "later",
  severity: "warn",
  why: "timestamp without time zone does not say which moment it is: sessions in different time zones write different moments as the same value, and now() loses its zone.",
  instead: "timestamptz, which takes the same room and means one moment.",
  refused: "CREATE TABLE orders (placed_at timestamp)",
  allowed: "CREATE TABLE orders (placed_at timestamptz)",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return columnDefinitions(subject)
    .filter(({ type }) => type.base === "timestamp without time zone")
    .map((column) =>
      typeProblem(column, subject, {
        message: "timestamp without time zone, which means no certain moment",
        detail:
          "What is written depends on the session's time zone, and nothing in the row says which that was.",
        hint: "Use timestamptz: it takes the same 8 bytes.",
        written:
          /^(?:pg_catalog\s*\.\s*)?timestamp(\s*\(\s*\d+\s*\))?(?:\s+without\s+time\s+zone)?/i,
        instead: "timestamptz$1",
      }),
    );
}
