import { formatTableName } from "../../base/table-name.ts";
import type { RelationName } from "../relation-name.ts";
import type { Subject } from "../rule.ts";
import { openingCommands, type Rename } from "../window-commands.ts";
import { relationFacts } from "./exempt.ts";
import { isOfWindow } from "./users.ts";

/** Whether an open window expects this rename of a column, there or back. */
export function expectsColumn(
  table: RelationName,
  names: { readonly from: string; readonly to: string },
  subject: Subject,
): boolean {
  return subject.facts.windows.some(
    (window) =>
      isOfWindow(placed(table, subject), window) &&
      [...window.renameColumns].some((pair) => isPair(pair, names)),
  );
}

/** The same, of a table. */
export function expectsTable(table: RelationName, to: string, subject: Subject): boolean {
  return subject.facts.windows.some(
    (window) =>
      isOfWindow(placed(table, subject), window) &&
      window.renameTable !== undefined &&
      isPair([window.table, window.renameTable], { from: table.name, to }),
  );
}

function isPair(
  [old, renamed]: readonly [string, string],
  { from, to }: { readonly from: string; readonly to: string },
): boolean {
  return (from === old && to === renamed) || (from === renamed && to === old);
}

function placed(table: RelationName, subject: Subject): RelationName {
  const schema = relationFacts(table, subject)?.schema ?? table.schema;
  return schema === undefined ? { name: table.name } : { schema, name: table.name };
}

/** How to open the window that a rename needs, for HINT. Without `column` it is the table's own. */
export function openWindowHint(
  table: RelationName,
  { column, to }: { readonly column?: string; readonly to: string },
  subject: Subject,
): string {
  const rename = { table: formatTableName(placed(table, subject)), column, to };
  const isStored = subject.policy.windowsIn === "store";
  const where = isStored ? "" : " in Straddle's configuration";
  const how = isStored ? openingCommands(rename, "2.0.0").join("; ") : windowYaml(rename);
  return `Open a window${where}, with the first version that says ${to} in place of 2.0.0, and rename then: ${how}`;
}

function windowYaml({ table, column, to }: Rename): string {
  const names =
    column === undefined
      ? `rename_table: ${yamlName(to)}`
      : `rename: { ${yamlName(column)}: ${yamlName(to)} }`;
  return `windows: [{ table: ${yamlName(table)}, ${names}, old: "<2.0.0", new: ">=2.0.0" }]`;
}

function yamlName(name: string): string {
  return /^[A-Za-z_][\w.]*$/.test(name) ? name : JSON.stringify(name);
}
