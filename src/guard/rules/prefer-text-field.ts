import { quoteIdentifier } from "../../sql/tokens.ts";
import { columnDefinitions, typeProblem } from "../reading/column-definitions.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const preferTextField: Rule = {
  id: "prefer-text-field",
  group: "later",
  severity: "warn",
  why: "A bound in varchar(n) is part of the type: a shorter one later reads or writes the whole table, and views and functions that name the type have to follow. It saves no room.",
  instead: "text, with a CHECK for its length, which can be changed without a lock that lasts.",
  refused: "CREATE TABLE users (name varchar(50))",
  allowed: "CREATE TABLE users (name text CHECK (length(name) <= 50))",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return columnDefinitions(subject)
    .filter(({ type }) => type.base === "character varying" && type.modifiers.length > 0)
    .map((column) =>
      typeProblem(column, subject, {
        message: `varchar(${column.type.modifiers.join()}), whose bound is part of the type`,
        detail:
          "Another bound later is a change of type: a shorter one writes the whole table anew.",
        hint: `Use text, with a CHECK for its length where that matters: CHECK (length(${quoteIdentifier(column.name)}) <= ${column.type.modifiers.join()}).`,
        written: /^(varchar|(national\s+)?(character|char)\s+varying)\s*\(\s*\d+\s*\)/i,
        instead: "text",
      }),
    );
}
