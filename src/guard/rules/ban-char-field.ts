import { columnDefinitions, typeProblem } from "../reading/column-definitions.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banCharField: Rule = {
  id: "ban-char-field",
  group: "later",
  severity: "warn",
  why: "char(n) fills values up with blanks to its length, and leaves them out when it compares: it takes more room than text, and surprises.",
  instead: "text, with a CHECK for its length where that matters.",
  refused: "CREATE TABLE users (country char(2))",
  allowed: "CREATE TABLE users (country text CHECK (length(country) = 2))",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return columnDefinitions(subject)
    .filter(({ type }) => type.base === "character")
    .map((column) =>
      typeProblem(column, subject, {
        message: "char(n), which is filled up with blanks",
        detail: "Values come back with blanks that nobody wrote, and comparisons leave them out.",
        hint: "Use text, with a CHECK for its length where that matters.",
        written:
          /^(pg_catalog\s*\.\s*bpchar|national\s+character|national\s+char|character|nchar|char|bpchar)(\s*\(\s*\d+\s*\))?/i,
        instead: "text",
      }),
    );
}
