import type { AlterAction, AlterTable } from "../../guard/reading/alter-actions.ts";
import { relationFacts } from "../../guard/reading/exempt.ts";
import { nameOfParts, nameText, type RelationName } from "../../guard/relation-name.ts";
import { listMember, nameMember } from "../../sql/ast.ts";
import { quoteIdentifier } from "../../sql/tokens.ts";
import { type Plan, type Step, sql, task } from "./plan.ts";
import type { Change } from "./plan-change.ts";

/** A column goes when no version that runs says its name. */
export function dropColumn(alter: AlterTable, action: AlterAction, change: Change): Plan {
  const { subject, version } = change;
  const { text, statement } = subject;
  const column = `${nameText(alter.table)}.${action.name}`;
  return {
    unsafe: [],
    steps: [
      ...optional(alter, action, change),
      task(
        `Deploy ${version}, which does not use ${column}: not by name, not by SELECT *, nor in an ORM's list of columns.`,
      ),
      wait([alter.table], action.name, version),
      sql(`Drop it.`, text.slice(statement.start, statement.end)),
    ],
  };
}

/** A version that does not know a column can't insert if it has to have a value. */
function optional(alter: AlterTable, { name }: AlterAction, { subject }: Change): readonly Step[] {
  const columns = relationFacts(alter.table, subject)?.columns;
  const column = columns?.find((each) => each.name === name);
  const hasValue =
    column?.default !== undefined || column?.isIdentity === true || column?.isGenerated === true;
  if (columns !== undefined && (column?.isNotNull !== true || hasValue)) return [];
  return [
    sql(
      `Let rows be without ${name}, so that versions which don't know it can insert.`,
      `${alter.head} ALTER COLUMN ${quoteIdentifier(name)} DROP NOT NULL`,
    ),
  ];
}

export function dropTables({ subject, version }: Change): Plan {
  const { text, statement } = subject;
  const names = listMember(statement.node, "objects").flatMap(({ node }) =>
    nameOfParts(nameMember(node, "items")),
  );
  const tables = names.map(nameText).join(", ");
  return {
    unsafe: [],
    steps: [
      task(`Deploy ${version}, which does not use ${tables}.`),
      wait(names, undefined, version),
      sql("Drop it.", text.slice(statement.start, statement.end)),
    ],
  };
}

function wait(names: readonly RelationName[], column: string | undefined, version: string): Step {
  const commands = names.map(({ schema = "public", name }) => {
    const parts = [schema, name, ...(column === undefined ? [] : [column])];
    return `straddle ready ${parts.map(quoteIdentifier).join(".")}`;
  });
  return task(
    `Wait until no version before ${version} runs, and ${commands.join(" and ")} says yes.`,
  );
}
