import { stringMember } from "../../sql/ast.ts";
import { alterTableOf } from "../reading/alter-actions.ts";
import { columnPart } from "../reading/column-value.ts";
import { isSmall } from "../reading/exempt.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const addingGeneratedColumn: Rule = {
  id: "adding-generated-column",
  group: "blocks",
  severity: "block",
  why:
    "A new column that is GENERATED ... STORED is worked out for every row: the whole table is written anew " +
    "under an ACCESS EXCLUSIVE lock.",
  instead:
    "A plain column that a trigger keeps up to date, filled in batches; or, from PostgreSQL 18 on, a VIRTUAL one.",
  refused: "ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (net * 1.19) STORED",
  allowed: "ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (net * 1.19) VIRTUAL",
  check,
};

const VIRTUAL_SINCE = 180_000;

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isSmall(alter.table, subject)) return [];
  const { table, actions } = alter;
  return actions.flatMap(({ kind, definition, offset }) => {
    const generated = columnPart(definition, "CONSTR_GENERATED");
    if (kind !== "AT_AddColumn" || generated === undefined) return [];
    if (generated["generated_kind"] === "v") return [];
    const column = stringMember(definition, "colname");
    const { serverVersion } = subject.facts;
    const isVirtualPossible = serverVersion === undefined || serverVersion >= VIRTUAL_SINCE;
    const trigger =
      "add a plain column, have a trigger (BEFORE INSERT OR UPDATE) keep it up to date, and fill the other rows in batches";
    return [
      {
        message: `new column ${column}, GENERATED ... STORED, writes all of ${nameText(table)} anew`,
        detail: whileLocked(subject, table, "works out the column for every row"),
        hint: isVirtualPossible
          ? `From PostgreSQL 18 on, say VIRTUAL in place of STORED: it is worked out when it is read. Or ${trigger}.`
          : `Instead, ${trigger}.`,
        offset,
        table,
        work: "rewrite",
      },
    ];
  });
}
