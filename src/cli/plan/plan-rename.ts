import { stringify } from "yaml";
import { formatTableName } from "../../base/table-name.ts";
import { relationMember } from "../../guard/relation-name.ts";
import { openingCommands, type Rename, windowCommand } from "../../guard/window-commands.ts";
import { stringMember } from "../../sql/ast.ts";
import { type Plan, type Step, sql, task } from "./plan.ts";
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
  const rename: Rename = {
    table: formatTableName({ schema, name: table.name }),
    column: isColumn ? from : undefined,
    to,
  };
  const statement = subject.text.slice(start, end);
  const steps =
    subject.policy.windowsIn === "store"
      ? stepsInStore({ ...rename, from, version })
      : stepsInConfiguration({ ...rename, from, version, statement });
  return { unsafe: [], steps };
}

interface Renaming extends Rename {
  /** The old name, of the column or of the table. */
  readonly from: string;
  readonly version: string;
}

function stepsInStore(renaming: Renaming): readonly Step[] {
  const { table, from, to, version } = renaming;
  return [
    {
      kind: "commands",
      why: `Open a window, in which ${from} and ${to} are both good names. It says what else in the database says the old name, and would break.`,
      commands: openingCommands(renaming, version),
    },
    deploy(renaming),
    {
      kind: "commands",
      why: "Rename. No version notices.",
      commands: [windowCommand("flip", table)],
    },
    {
      kind: "commands",
      why: `Close the window, once no version before ${version} runs and there is no way back to one. It is refused while one is live.`,
      commands: [windowCommand("close", table)],
    },
  ];
}

function stepsInConfiguration(
  renaming: Renaming & { readonly statement: string },
): readonly Step[] {
  const { table, column, from, to, version, statement } = renaming;
  const entry = {
    table,
    ...(column === undefined ? { rename_table: to } : { rename: { [from]: to } }),
    old: `<${version}`,
    new: `>=${version}`,
  };
  return [
    {
      kind: "window",
      why: `Open a window, in which ${from} and ${to} are both good names: add this to the configuration.`,
      yaml: stringify({ windows: [entry] }),
    },
    task(
      "Run straddle check: it says what else in the database says the old name, and would break.",
    ),
    deploy(renaming),
    sql(
      `Rename ${column === undefined ? table : `${table}.${column}`}, through Straddle. No version notices.`,
      statement,
    ),
    task(`Wait until no version before ${version} runs, and there is no way back to one.`),
    task("Close the window: take its entry out of the configuration."),
  ];
}

function deploy({ from, to, version }: Renaming): Step {
  return task(`Deploy ${version}, which says ${to}. Versions before it go on saying ${from}.`);
}
