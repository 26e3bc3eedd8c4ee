import { nameText, type RelationName } from "../relation-name.ts";
import type { Subject } from "../rule.ts";
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

/** The window to open, as an entry of the configuration. `rename`: `rename: { a: b }`. */
export function windowYaml(table: RelationName, rename: string, subject: Subject): string {
  const name = nameText(placed(table, subject));
  return `windows: [{ table: ${yamlName(name)}, ${rename}, old: "<2.0.0", new: ">=2.0.0" }]`;
}

export function yamlName(name: string): string {
  return /^[A-Za-z_][\w.]*$/.test(name) ? name : JSON.stringify(name);
}
