import { listMember, nodeMember, stringMember } from "../../sql/ast.ts";
import { quoteIdentifier, tokenize } from "../../sql/tokens.ts";
import { type AlterAction, type AlterTable, alterTableOf } from "../reading/alter-actions.ts";
import { isSmall, relationFacts } from "../reading/exempt.ts";
import {
  isSameName,
  nameSql,
  nameText,
  type RelationName,
  relationMember,
} from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const attachingPartitionWithoutCheck: Rule = {
  id: "attaching-partition-without-check",
  group: "blocks",
  severity: "block",
  why:
    "ATTACH PARTITION reads every row of the new partition under an ACCESS EXCLUSIVE lock, unless a CHECK " +
    "that has been validated says that all of them belong there.",
  instead: "Add such a CHECK as NOT VALID, VALIDATE it, attach, and drop the CHECK.",
  refused:
    "ALTER TABLE orders ATTACH PARTITION orders_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
  allowed:
    "CREATE TABLE orders_2027 (LIKE orders); " +
    "ALTER TABLE orders ATTACH PARTITION orders_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined) return [];
  return alter.actions.flatMap((action) => {
    const [partition] = relationMember(action.definition, "name");
    if (action.kind !== "AT_AttachPartition" || partition === undefined) return [];
    const key = keyColumn(alter, subject);
    if (isSmall(partition, subject) || hasCheck(partition, key, subject)) return [];
    const bound = key === undefined ? undefined : boundSql(action, quoteIdentifier(key), subject);
    return [
      {
        message: `ATTACH PARTITION ${nameText(partition)} without a CHECK that matches reads every row of it`,
        detail: `Until it is done, and the transaction ends, every query on ${nameText(partition)} has to wait. A default partition of ${nameText(alter.table)} is read as well.`,
        hint: "Add a CHECK with the partition's bounds, and IS NOT NULL, to the new partition as NOT VALID, and VALIDATE it; ATTACH PARTITION takes it as proof and reads nothing. Then the CHECK can go.",
        safeSql: bound === undefined ? undefined : steps(alter, action, partition, bound),
        offset: action.offset,
        table: partition,
        work: "scan",
      },
    ];
  });
}

/** Of a partitioned table with one plain column as its key. */
function keyColumn({ table }: AlterTable, subject: Subject): string | undefined {
  const key = relationFacts(table, subject)?.partitionKey ?? "";
  const [, quoted, plain] =
    /^(?:RANGE|LIST) \((?:"((?:[^"]|"")+)"|([a-z_0-9]+))\)$/.exec(key) ?? [];
  return quoted?.replaceAll('""', '"') ?? plain;
}

function hasCheck(partition: RelationName, key: string | undefined, subject: Subject): boolean {
  const isAdded = subject.memory.checks.some(
    (added) => added.isValidated && isSameName(added.table, partition),
  );
  const checks = relationFacts(partition, subject)?.constraints ?? [];
  return (
    isAdded ||
    checks.some(
      ({ kind, isValidated, definition }) =>
        kind === "check" && isValidated && (key === undefined || definition.includes(key)),
    )
  );
}

/** The bounds as a condition; undefined where they have NULL, or are of a hash. */
function boundSql(action: AlterAction, key: string, subject: Subject): string | undefined {
  const bound = nodeMember(action.definition, "bound") ?? {};
  const lists = bracketed(action, subject);
  const isNot = (word: string, list: string) => list.toUpperCase() !== word;
  if (stringMember(bound, "strategy") === "l") {
    const hasNull = listMember(bound, "listdatums").some(({ node }) => node["isnull"] === true);
    const [list] = lists;
    return hasNull || list === undefined ? undefined : `${key} IS NOT NULL AND ${key} IN (${list})`;
  }
  const [from, to] = lists;
  if (stringMember(bound, "strategy") !== "r" || from === undefined || to === undefined)
    return undefined;
  return [
    `${key} IS NOT NULL`,
    ...(isNot("MINVALUE", from) ? [`${key} >= ${from}`] : []),
    ...(isNot("MAXVALUE", to) ? [`${key} < ${to}`] : []),
  ].join(" AND ");
}

/** What stands in brackets of their own, in the order of the text. */
function bracketed(action: AlterAction, { text }: Subject): readonly string[] {
  const { offset = 0, text: own = "" } = action;
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (const token of tokenize(text)) {
    if (token.start < offset || token.end > offset + own.length) continue;
    const word = text.slice(token.start, token.end);
    if (word === "(" && depth++ === 0) start = token.end;
    if (word === ")" && --depth === 0) found.push(text.slice(start, token.start).trim());
  }
  return found;
}

function steps(
  { head }: AlterTable,
  action: AlterAction,
  partition: RelationName,
  bound: string,
): readonly string[] | undefined {
  if (action.text === undefined) return undefined;
  const proof = quoteIdentifier(`${partition.name}_bound`);
  const table = `ALTER TABLE ${nameSql(partition)}`;
  return [
    `${table} ADD CONSTRAINT ${proof} CHECK (${bound}) NOT VALID`,
    `${table} VALIDATE CONSTRAINT ${proof}`,
    `${head} ${action.text}`,
    `${table} DROP CONSTRAINT ${proof}`,
  ];
}
