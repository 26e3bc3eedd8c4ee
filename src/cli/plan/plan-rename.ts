import { stringify } from "yaml";
import { nameText, relationMember } from "../../guard/relation-name.ts";
import { stringMember } from "../../sql/ast.ts";
import { type Plan, sql, task } from "./plan.ts";
import type { Change } from "./plan-change.ts";

/** A column or a table under a new name; undefined for what no window is for. */
export function planRename({ subject, facts, version }: Change): Plan | undefined {
  const { node, start, end } = subject.statement;
  const [table] = relationMember(node, "relation");
  const renamed = stringMember(node, "renameType");
  const isColumn =
    renamed === "OBJECT_COLUMN" && stringMember(node, "relationType") === "OBJECT_TABLE";
  if (table === undefined || !(isColumn || renamed === "OBJECT_TABLE")) return undefined;
  const found = facts.relation(table);
  const schema = table.schema ?? (found === "missing" ? undefined : found?.schema) ?? "public";
  const from = isColumn ? stringMember(node, "subname") : table.name;
  const to = stringMember(node, "newname");
  const entry = {
    table: `${schema}.${table.name}`,
    ...(isColumn ? { rename: { [from]: to } } : { rename_table: to }),
    old: `<${version}`,
    new: `>=${version}`,
  };
  const what = isColumn ? `${nameText(table)}.${from}` : nameText(table);
  return {
    unsafe: [],
    steps: [
      {
        kind: "window",
        why: `Open a window, in which ${from} and ${to} are both good names: add this to the configuration.`,
        yaml: stringify({ windows: [entry] }),
      },
      task(
        "Run straddle check: it says what else in the database says the old name, and would break.",
      ),
      task(`Deploy ${version}, which says ${to}. Versions before it go on saying ${from}.`),
      sql(`Rename ${what}, through Straddle. No version notices.`, subject.text.slice(start, end)),
      task(`Wait until no version before ${version} runs, and there is no way back to one.`),
      task("Close the window: take its entry out of the configuration."),
    ],
  };
}
