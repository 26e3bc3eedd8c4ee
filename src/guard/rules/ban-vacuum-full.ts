import { lockedBy } from "../locks.ts";
import { isSmall } from "../reading/exempt.ts";
import { whileLocked } from "../reading/words.ts";
import { nameSql, nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banVacuumFull: Rule = {
  id: "ban-vacuum-full",
  group: "blocks",
  severity: "block",
  why:
    "VACUUM FULL writes the whole table and its indexes anew under an ACCESS EXCLUSIVE lock: no query on " +
    "it gets through until it is done.",
  instead: "VACUUM, which makes room for reuse beside the traffic; pg_repack to give it back.",
  refused: "VACUUM FULL orders",
  allowed: "VACUUM orders",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const lock = lockedBy(subject.statement);
  if (subject.statement.kind !== "VacuumStmt" || lock === undefined) return [];
  const { relations } = lock;
  const large = relations.filter((table) => !isSmall(table, subject));
  if (relations.length > 0 && large.length === 0) return [];
  const names = large.length === 0 ? "every table" : large.map(nameText).join(", ");
  return [
    {
      message: `VACUUM FULL rewrites ${names} under an ACCESS EXCLUSIVE lock`,
      detail: whileLocked(subject, large[0], "writes the whole table and its indexes anew"),
      hint: "Run VACUUM without FULL: what it frees is used again. To give space back to the disk use pg_repack or pg_squeeze.",
      safeSql: [["VACUUM", relations.map(nameSql).join(", ")].join(" ").trim()],
      table: large[0],
      work: "rewrite",
    },
  ];
}
