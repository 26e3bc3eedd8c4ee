import { nameMember, nodeMember } from "../../sql/ast.ts";
import { quoteIdentifier, tokenize } from "../../sql/tokens.ts";
import {
  type AlterAction,
  type AlterTable,
  alterTableOf,
  inPlaceOf,
} from "../reading/alter-actions.ts";
import { backfill, dollarQuoted } from "../reading/backfill.ts";
import {
  columnText,
  currentType,
  isBinaryCompatible,
  typeText,
  writtenType,
} from "../reading/column-type.ts";
import { isSmall, relationFacts } from "../reading/exempt.ts";
import { whileLocked } from "../reading/words.ts";
import { nameSql, nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const changingColumnType: Rule = {
  id: "changing-column-type",
  group: "blocks",
  severity: "block",
  why:
    "Another type writes the whole table and its indexes anew under an ACCESS EXCLUSIVE lock, unless the " +
    "bytes stay as they are (varchar to text, a longer varchar, more digits at the same scale).",
  instead:
    "Add a column of the new type, have a trigger keep it up to date, fill it in batches, and let new versions use it.",
  refused: "ALTER TABLE orders ALTER COLUMN id TYPE bigint",
  allowed: "ALTER TABLE orders ADD COLUMN id_new bigint",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isSmall(alter.table, subject)) return [];
  const { table, actions } = alter;
  return actions.flatMap((action) => {
    const { kind, name, definition, offset } = action;
    const typeName = nodeMember(definition, "typeName");
    if (kind !== "AT_AlterColumnType" || typeName === undefined) return [];
    const to = writtenType(typeName);
    const from = currentType(table, name, subject);
    const isSameValue = isOnlyCast(action);
    if (from !== undefined && isSameValue && isBinaryCompatible(from, to)) return [];
    const what = from === undefined ? typeText(to) : `${typeText(from)} to ${typeText(to)}`;
    const doing = from === undefined ? "may write" : "writes";
    const zone = /^timestamp/.test(to.base)
      ? " (not between timestamp and timestamptz where the session's time zone is UTC)"
      : "";
    const newName = `${name}_new`;
    return [
      {
        message: `type of ${columnText(table, name)}, ${what}: ${doing} all of ${nameText(table)} anew`,
        detail: whileLocked(
          subject,
          table,
          `${doing} the whole table and the column's indexes anew${zone}`,
        ),
        hint: `Add ${newName} of the new type, have a trigger keep it up to date, and fill it in batches. Then give it the column's default, constraints and indexes, deploy a version that uses ${newName}, and drop ${name} when no live version uses it.`,
        safeSql: isSameValue ? expanded(alter, action, subject) : undefined,
        offset,
        table,
        work: "rewrite",
      },
    ];
  });
}

/** Without USING, or with one that does nothing but cast the column itself. */
function isOnlyCast({ name, definition }: AlterAction): boolean {
  const using = nodeMember(definition, "raw_default");
  if (using === undefined) return true;
  const cast = using["typeName"] === undefined ? using : nodeMember(using, "arg");
  return nameMember(cast ?? {}, "fields").join(".") === name;
}

/** The new column beside the old one, up to date in every row. */
function expanded(
  alter: AlterTable,
  action: AlterAction,
  subject: Subject,
): readonly string[] | undefined {
  const { table, head } = alter;
  const type = typeTextOf(subject, action);
  if (type === undefined) return undefined;
  const [own, added] = [action.name, `${action.name}_new`].map(quoteIdentifier);
  const name = `${table.name}_${action.name}_new`;
  const schema = relationFacts(table, subject)?.schema ?? table.schema;
  const trigger = quoteIdentifier(name);
  const routine = nameSql(schema === undefined ? { name } : { schema, name });
  const steps = [
    `${head} ADD COLUMN ${added} ${type}`,
    dollarQuoted(
      `CREATE FUNCTION ${routine}() RETURNS trigger LANGUAGE plpgsql AS `,
      `BEGIN NEW.${added} := NEW.${own}; RETURN NEW; END`,
    ),
    `CREATE TRIGGER ${trigger} BEFORE INSERT OR UPDATE ON ${nameSql(table)} FOR EACH ROW EXECUTE FUNCTION ${routine}()`,
    backfill(table, `${added} = ${own}`, `${own} IS NOT NULL AND ${added} IS NULL`),
  ];
  return inPlaceOf(alter, new Map([[action, steps]]), "first");
}

/** The new type as it is written, without USING and COLLATE. */
function typeTextOf({ text }: Subject, { definition, text: own, offset }: AlterAction) {
  const start = nodeMember(definition, "typeName")?.["location"];
  if (own === undefined || offset === undefined || typeof start !== "number") return undefined;
  const end = offset + own.length;
  const tokens = tokenize(text).filter((token) => token.start >= start && token.end <= end);
  const stop = tokens.find((token) =>
    ["USING", "COLLATE"].includes(text.slice(token.start, token.end).toUpperCase()),
  );
  return text.slice(start, stop?.start ?? end).trim();
}
