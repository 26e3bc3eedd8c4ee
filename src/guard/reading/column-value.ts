import { type AstNode, listMember, nameMember, nodeMember, stringMember } from "../../sql/ast.ts";
import { quoteIdentifier } from "../../sql/tokens.ts";
import { nameSql, type RelationName } from "../relation-name.ts";
import type { Subject } from "../rule.ts";
import { partText } from "./added-constraints.ts";
import type { AlterAction, AlterTable } from "./alter-actions.ts";
import { backfill, dollarQuoted } from "./backfill.ts";
import { relationFacts } from "./exempt.ts";
import { defaultName } from "./object-names.ts";
import { volatileCall } from "./volatility.ts";

const SERIALS: Readonly<Record<string, string>> = {
  smallserial: "smallint",
  serial2: "smallint",
  serial: "integer",
  serial4: "integer",
  bigserial: "bigint",
  serial8: "bigint",
};

/** `integer` of a serial column; undefined for any other type. */
export function serialType(definition: AstNode): string | undefined {
  const names = nameMember(nodeMember(definition, "typeName") ?? {}, "names");
  return names.length === 1 ? SERIALS[names[0] ?? ""] : undefined;
}

/** The DEFAULT, the NOT NULL, ... of a column's definition. */
export function columnPart(definition: AstNode, contype: string): AstNode | undefined {
  return listMember(definition, "constraints").find(
    ({ node }) => stringMember(node, "contype") === contype,
  )?.node;
}

/** A new column that has another value in each row, so that its table is written anew. */
export interface ColumnValue {
  readonly kind: "serial" | "identity" | "volatile";
  /** What the column is added without. */
  readonly part: AstNode | undefined;
  /** The statements that give it its value in every row, while new ones have it by a default. */
  readonly fill: readonly string[] | undefined;
  /** What is left to do when it is NOT NULL. */
  readonly finish: readonly string[];
}

/** Undefined for a column with one value for all rows, or none. */
export function columnValue(
  { table, head }: AlterTable,
  action: AlterAction,
  subject: Subject,
): ColumnValue | undefined {
  const { definition } = action;
  const column = stringMember(definition, "colname");
  const alterColumn = `${head} ALTER COLUMN ${quoteIdentifier(column)}`;
  const filled = backfill(
    table,
    `${quoteIdentifier(column)} = DEFAULT`,
    `${quoteIdentifier(column)} IS NULL`,
  );
  const type = serialType(definition);
  if (type !== undefined) {
    const sequence = sequenceName(table, column, "seq", subject);
    const fill = [...withSequence(table, column, sequence, ` AS ${type}`, alterColumn), filled];
    return { kind: "serial", part: undefined, fill, finish: [] };
  }
  const identity = columnPart(definition, "CONSTR_IDENTITY");
  if (identity !== undefined) {
    const text = partText(action, identity);
    const sequence = sequenceName(table, column, "fill", subject);
    const fill = [...withSequence(table, column, sequence, "", alterColumn), filled];
    const finish = takenOver(table, column, { sequence, alterColumn, identity: text ?? "" });
    return { kind: "identity", part: identity, fill: text === undefined ? text : fill, finish };
  }
  const own = columnPart(definition, "CONSTR_DEFAULT");
  if (own === undefined || volatileCall(own) === undefined) return undefined;
  const text = partText(action, own);
  const fill = text === undefined ? undefined : [`${alterColumn} SET ${text}`, filled];
  return { kind: "volatile", part: own, fill, finish: [] };
}

function sequenceName(
  table: RelationName,
  column: string,
  label: string,
  subject: Subject,
): RelationName {
  const schema = relationFacts(table, subject)?.schema ?? table.schema;
  const name = defaultName({ table: table.name, columns: [column], label }, new Set());
  return schema === undefined ? { name } : { schema, name };
}

function withSequence(
  table: RelationName,
  column: string,
  sequence: RelationName,
  type: string,
  alterColumn: string,
): readonly string[] {
  return [
    `CREATE SEQUENCE ${nameSql(sequence)}${type} OWNED BY ${nameSql(table)}.${quoteIdentifier(column)}`,
    `${alterColumn} SET DEFAULT nextval(${literal(nameSql(sequence))})`,
  ];
}

/** The identity's own sequence goes on where the other one stopped. */
function takenOver(
  table: RelationName,
  column: string,
  {
    sequence,
    alterColumn,
    identity,
  }: {
    readonly sequence: RelationName;
    readonly alterColumn: string;
    readonly identity: string;
  },
): readonly string[] {
  const own = `pg_get_serial_sequence(${literal(nameSql(table))}, ${literal(column)})`;
  const body =
    `BEGIN ${alterColumn} DROP DEFAULT, ALTER COLUMN ${quoteIdentifier(column)} ADD ${identity}; ` +
    `PERFORM setval(${own}, nextval(${literal(nameSql(sequence))})); END`;
  return [dollarQuoted("DO ", body), `DROP SEQUENCE ${nameSql(sequence)}`];
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
