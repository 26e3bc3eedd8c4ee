import { columnDefinitions, typeProblem } from "../reading/column-definitions.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const preferJsonb: Rule = {
  id: "prefer-jsonb",
  group: "later",
  severity: "warn",
  why: "json keeps the text as it came: it has no equality, so that DISTINCT, GROUP BY and UNION fail on it, no index, and it is parsed again at each use.",
  instead:
    "jsonb, unless the text itself matters (white space, the order of keys, keys that come twice).",
  refused: "CREATE TABLE events (payload json)",
  allowed: "CREATE TABLE events (payload jsonb)",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return columnDefinitions(subject)
    .filter(({ type }) => type.base === "json")
    .map((column) =>
      typeProblem(column, subject, {
        message: "json, which has no equality and no index",
        detail:
          "SELECT DISTINCT, GROUP BY and UNION over it fail with 42883, and what is in it can't be indexed.",
        hint: "Use jsonb, unless the text itself matters.",
        written: /^(pg_catalog\s*\.\s*)?json\b/i,
        instead: "jsonb",
      }),
    );
}
