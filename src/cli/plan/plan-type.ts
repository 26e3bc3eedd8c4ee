import type { ColumnFacts } from "../../guard/facts.ts";
import { judgeStatement } from "../../guard/judge.ts";
import type { AlterAction, AlterTable } from "../../guard/reading/alter-actions.ts";
import { backfill, dollarQuoted } from "../../guard/reading/backfill.ts";
import { relationFacts } from "../../guard/reading/exempt.ts";
import { setNotNull } from "../../guard/reading/set-not-null.ts";
import { nameSql, nameText } from "../../guard/relation-name.ts";
import { nodeMember } from "../../sql/ast.ts";
import { quoteAlways, quoteIdentifier, tokenize } from "../../sql/tokens.ts";
import { type Plan, type Step, sql, task } from "./plan.ts";
import type { Change } from "./plan-change.ts";
import { safeStatements } from "./safe-statements.ts";

/** Names that a change of type needs, quoted. */
interface Names {
  readonly own: string;
  readonly added: string;
  readonly old: string;
  readonly trigger: string;
  readonly routine: string;
}

/**
 * Another type for a column: a second column beside it, which a trigger keeps up to date and which is
 * filled in batches, then takes its name. Ends where ALTER COLUMN ... TYPE would have ended, but for the
 * column's place in the table.
 */
export function changeType(alter: AlterTable, action: AlterAction, change: Change): Plan {
  const { subject, version } = change;
  const { table, head } = alter;
  const { statement, text } = subject;
  const parts = partsOf(action, text);
  const isRewritten = judgeStatement(subject).some(({ rule }) => rule === "changing-column-type");
  if (parts === undefined || !isRewritten) {
    return safeStatements(text.slice(statement.start, statement.end), change);
  }
  const column = relationFacts(table, subject)?.columns?.find(({ name }) => name === action.name);
  const names = namesFor(alter, action.name, change);
  const { own, added, old, trigger, routine } = names;
  const value = parts.using ?? `${own}::${parts.type}`;
  const made =
    parts.using === undefined
      ? `NEW.${own}::${parts.type}`
      : `(SELECT ${parts.using} FROM (SELECT NEW.*) AS ${quoteAlways(table.name)})`;
  return {
    unsafe: [],
    steps: [
      task(
        `Deploy ${version}, which takes ${own} of either type; wait until no version before it runs.`,
      ),
      sql(
        "Add a column of the new type.",
        `${head} ADD COLUMN ${added} ${parts.type}${parts.collation}`,
      ),
      sql(
        "Keep it up to date.",
        dollarQuoted(
          `CREATE FUNCTION ${routine}() RETURNS trigger LANGUAGE plpgsql AS `,
          `BEGIN NEW.${added} := ${made}; RETURN NEW; END`,
        ),
        `CREATE TRIGGER ${trigger} BEFORE INSERT OR UPDATE ON ${nameSql(table)} FOR EACH ROW EXECUTE FUNCTION ${routine}()`,
      ),
      sql(
        "Fill it in the rows that are there, some pages at a time.",
        backfill(table, `${added} = ${value}`, `${added} IS NULL AND ${own} IS NOT NULL`),
      ),
      ...(column?.isNotNull === true
        ? setNotNull(head, table, suffixed(action.name, "_new")).map((each) => sql("", each))
        : []),
      ...byHand(alter, action.name, change),
      sql(
        "Exchange the two. What the guard has against a rename does not hold here: the name has a column before and after.",
        `DROP TRIGGER ${trigger} ON ${nameSql(table)}`,
        `DROP FUNCTION ${routine}()`,
        `${head} RENAME COLUMN ${own} TO ${old}`,
        `${head} RENAME COLUMN ${added} TO ${own}`,
        ...exchanged(alter, names, column),
      ),
      task(`Look whether all is well; until the next step ${old} has what was there before.`),
      sql("Drop the old one.", `${head} DROP COLUMN ${old}`),
    ],
  };
}

function namesFor({ table }: AlterTable, column: string, { subject }: Change): Names {
  const schema = relationFacts(table, subject)?.schema ?? table.schema;
  const name = suffixed(`${table.name}_${column}`, "_new");
  return {
    own: quoteIdentifier(column),
    added: quoteIdentifier(suffixed(column, "_new")),
    old: quoteIdentifier(suffixed(column, "_old")),
    trigger: quoteIdentifier(name),
    routine: nameSql(schema === undefined ? { name } : { schema, name }),
  };
}

/** PostgreSQL's NAMEDATALEN - 1: a longer name would be cut, and with it what tells the two apart. */
const NAME_SIZE_MAX = 63;

function suffixed(name: string, suffix: string): string {
  let base = name;
  while (Buffer.byteLength(base + suffix) > NAME_SIZE_MAX) base = [...base].slice(0, -1).join("");
  return base + suffix;
}

/** What of the old column the new one has to have, and the old one must not have any more. */
function exchanged(
  { head }: AlterTable,
  { own, old }: Names,
  column: ColumnFacts | undefined,
): readonly string[] {
  const isDefault = column?.default !== undefined && column.isGenerated !== true;
  return [
    ...(column?.isNotNull === false ? [] : [`${head} ALTER COLUMN ${old} DROP NOT NULL`]),
    ...(isDefault ? [`${head} ALTER COLUMN ${own} SET DEFAULT ${column.default}`] : []),
  ];
}

/** What hangs on the column, and has to be made again on the new one first. */
function byHand({ table }: AlterTable, name: string, { subject }: Change): readonly Step[] {
  const found = relationFacts(table, subject);
  if (found === undefined) {
    return [
      task(
        `Give the new column what ${nameText(table)}.${name} has: NOT NULL, its default, indexes and constraints. With --server this says which.`,
      ),
    ];
  }
  const word = new RegExp(`(?<![\\w"])"?${name.replaceAll(/\W/g, "\\$&")}"?(?![\\w"])`);
  const own = found.columns?.find((column) => column.name === name);
  const hanging = [
    ...(own?.isIdentity === true ? ["GENERATED AS IDENTITY"] : []),
    ...(found.constraints ?? [])
      .filter(({ kind, definition }) => kind !== "not null" && word.test(definition))
      .map((each) => `${each.name}: ${each.definition}`),
    ...(found.indexes ?? [])
      .filter((index) => index.columns.includes(name) || index.columns.includes(undefined))
      .map((index) => `index ${index.name}`),
    ...(found.referencedBy ?? []).map((other) => `the foreign keys of ${nameText(other)}`),
  ];
  if (hanging.length === 0) return [];
  return [
    task(
      `Make again on the new column, by steps of their own plans, what is on ${name}: ${hanging.join("; ")}.`,
    ),
  ];
}

interface TypeParts {
  readonly type: string;
  readonly collation: string;
  readonly using: string | undefined;
}

/** The texts after TYPE, COLLATE and USING. */
function partsOf(
  { definition, text: own, offset }: AlterAction,
  text: string,
): TypeParts | undefined {
  const start = nodeMember(definition, "typeName")?.["location"];
  if (own === undefined || offset === undefined || typeof start !== "number") return undefined;
  const end = offset + own.length;
  const tokens = tokenize(text).filter((token) => token.start >= start && token.end <= end);
  const find = (word: string) =>
    tokens.find((token) => text.slice(token.start, token.end).toUpperCase() === word);
  const using = find("USING");
  const collation = find("COLLATE");
  const isBefore = using === undefined || (collation?.start ?? end) < using.start;
  const collate = isBefore ? collation : undefined;
  const typeEnd = Math.min(using?.start ?? end, collate?.start ?? end);
  return {
    type: text.slice(start, typeEnd).trim(),
    collation:
      collate === undefined ? "" : ` ${text.slice(collate.start, using?.start ?? end).trim()}`,
    using: using === undefined ? undefined : text.slice(using.end, end).trim(),
  };
}
