import { columnDefinitions, isIdentifier, typeProblem } from "../reading/column-definitions.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const preferBigInt: Rule = {
  id: "prefer-big-int",
  group: "later",
  severity: "warn",
  why: "An integer ends at 2,147,483,647, a smallint at 32,767. An id that comes there stops all inserts, and a wider type then writes the whole table anew, with all that refers to it.",
  instead: "bigint for what numbers rows and for what refers to it.",
  refused: "CREATE TABLE orders (id int PRIMARY KEY)",
  allowed: "CREATE TABLE orders (id bigint PRIMARY KEY, quantity int)",
  check,
};

const LIMITS: Readonly<Record<string, string>> = {
  smallint: "32,767",
  smallserial: "32,767",
  serial2: "32,767",
  integer: "2,147,483,647",
  serial: "2,147,483,647",
  serial4: "2,147,483,647",
};

function isSmall(type: string): boolean {
  return LIMITS[type] !== undefined;
}

function check(subject: Subject): readonly Problem[] {
  return columnDefinitions(subject)
    .filter((column) => isSmall(column.type.base) && isIdentifier(column))
    .map((column) =>
      typeProblem(column, subject, {
        message: `an id of ${column.type.base}, which ends at ${LIMITS[column.type.base] ?? ""}`,
        detail:
          "When it comes there, every INSERT fails with 22003. A wider type then writes the whole table anew, and every table that refers to it.",
        hint: "Use bigint: 4 bytes more, and often none at all for alignment.",
        written: /^(smallserial|serial2|serial4|serial|smallint|int2|integer|int4|int)\b/i,
        instead: column.type.base.includes("serial") ? "bigserial" : "bigint",
      }),
    );
}
