import type { AstNode } from "../sql/ast.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import type { NamedRelation } from "../version/naming.ts";
import { REASONS } from "./explanation.ts";
import { asTyped, listOf, locationOf, namesOf, stringOf, type TypedNode } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";

/** The option HEADER, unless it is off. */
export function headerOption(copy: AstNode): AstNode | undefined {
  const option = listOf(copy, "options").find(({ node: { defname } }) => defname === "header");
  return option === undefined || isFalse(option.node["arg"]) ? undefined : option.node;
}

/**
 * `COPY t (a, b) TO ... (HEADER)` becomes a COPY of the query that it stands for (DoCopy): the table's
 * own rows without its heirs', its columns without the generated ones, here by the version's names.
 * False, and nothing done, where the server has something else to say to it.
 */
export function copyAsQuery(
  work: Rewriting,
  copy: AstNode,
  table: { readonly node: AstNode; readonly relation: NamedRelation },
): boolean {
  const { node, relation } = table;
  if (relation.kind !== "r") return false;
  const listed = namesOf(copy, "attlist");
  const columns =
    listed.length === 0
      ? relation.columns.filter(({ isGenerated }) => !isGenerated)
      : listed.flatMap((name) => relation.columns.find(({ logical }) => logical === name) ?? []);
  const isSound = listed.length === 0 || new Set(columns).size === listed.length;
  if (!isSound || columns.some(({ isGenerated }) => isGenerated)) return false;
  // What FORCE_QUOTE says of a column that is not copied is said with the table's name.
  const quoted = optionColumns(copy);
  if (quoted.some((name) => columns.every(({ logical }) => logical !== name))) return false;

  const { source } = work;
  const parts = ["catalogname", "schemaname", "relname"]
    .map((member) => stringOf(node, member))
    .filter((part) => part !== "");
  const indexes = source.dottedName(locationOf(node), parts);
  const [first = -1] = indexes ?? [];
  const name = indexes?.at(-1) ?? -1;
  const last = listed.length === 0 ? name : source.closingParenthesis(name + 1);
  const start = source.token(first)?.start;
  const end = source.token(last)?.end;
  if (start === undefined || end === undefined) return false;

  const outputs = columns.map(({ logical, physical }) =>
    logical === physical
      ? quoteIdentifier(physical)
      : `${quoteIdentifier(physical)} AS ${quoteIdentifier(logical)}`,
  );
  const from = `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.physicalName)}`;
  work.handled.add(node);
  work.dependsOnPhysical = true;
  const query = `SELECT ${outputs.join(", ")} FROM ONLY ${from}${commentsWithin(work, first, last)}`;
  work.replace(start, end, `(${query})`, REASONS.copy);
  return true;
}

/** The columns that options name. */
function optionColumns(copy: AstNode): readonly (string | undefined)[] {
  return listOf(copy, "options").flatMap(({ node }) => {
    const argument = asTyped(node["arg"]);
    return argument?.type === "List" ? namesOf(argument.node, "items") : [];
  });
}

/** What stands between tokens, but for white space; with a line's end behind it, for the sake of `--`. */
function commentsWithin({ source }: Rewriting, first: number, last: number): string {
  let comments = "";
  for (let index = first; index < last; index++) {
    const gap = source.text.slice(source.token(index)?.end, source.token(index + 1)?.start).trim();
    if (gap !== "") comments += ` ${gap}\n`;
  }
  return comments;
}

function isFalse(argument: unknown): boolean {
  const value: TypedNode | undefined = asTyped(argument);
  if (value === undefined) return false;
  if (value.type === "Boolean") return value.node["boolval"] !== true;
  if (value.type === "Integer") return (value.node["ival"] ?? 0) === 0;
  return ["false", "off"].includes(stringOf(value.node, "sval").toLowerCase());
}
