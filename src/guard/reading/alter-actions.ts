import { type AstNode, listMember, nodeMember, stringMember } from "../../sql/ast.ts";
import { type Token, tokenize } from "../../sql/tokens.ts";
import { type RelationName, relationMember } from "../relation-name.ts";
import type { Subject } from "../rule.ts";

/** One action of an ALTER TABLE. */
export interface AlterAction {
  /** `AT_AddColumn`, ... */
  readonly kind: string;
  readonly command: AstNode;
  /** The column or the constraint that it is about; "" for none. */
  readonly name: string;
  /** The ColumnDef, the Constraint, ... */
  readonly definition: AstNode;
  /** As it is written, and where; undefined where the text can't be told apart. */
  readonly text: string | undefined;
  readonly offset: number | undefined;
}

export interface AlterTable {
  readonly table: RelationName;
  /** `ALTER TABLE IF EXISTS ONLY t`, as it is written. */
  readonly head: string;
  readonly actions: readonly AlterAction[];
}

/** Undefined for anything but an ALTER TABLE of a table. */
export function alterTableOf({ statement, text }: Subject): AlterTable | undefined {
  const { kind, node } = statement;
  if (kind !== "AlterTableStmt" || stringMember(node, "objtype") !== "OBJECT_TABLE")
    return undefined;
  const [table] = relationMember(node, "relation");
  const at = nodeMember(node, "relation")?.["location"];
  if (table === undefined || typeof at !== "number") return undefined;
  const tokens = tokenize(text).filter(({ start, end }) => start >= at && end <= statement.end);
  const body = afterName(tokens, text);
  const parts = splitAtCommas(body, text);
  const commands = listMember(node, "cmds").map((item) => item.node);
  const isSplit = parts.length === commands.length;
  const actions = commands.map((command, index): AlterAction => {
    const part = isSplit ? parts[index] : undefined;
    return {
      kind: stringMember(command, "subtype"),
      command,
      name: stringMember(command, "name"),
      definition: nodeMember(command, "def") ?? {},
      text: part && text.slice(part.start, part.end),
      offset: part?.start,
    };
  });
  const nameEnd = tokens[tokens.length - body.length - 1]?.end ?? statement.start;
  return { table, head: text.slice(statement.start, nameEnd), actions };
}

/** What comes after `s.t`, `t *` and `ONLY (t)`. */
function afterName(tokens: readonly Token[], text: string): readonly Token[] {
  const word = (index: number) => text.slice(tokens[index]?.start, tokens[index]?.end);
  let index = 1;
  while (word(index) === ".") index += 2;
  if (word(index) === "*" || word(index) === ")") index += 1;
  return tokens.slice(index);
}

/** Parts between the commas that stand in no brackets. */
export function splitAtCommas(
  tokens: readonly Token[],
  text: string,
): readonly { readonly start: number; readonly end: number }[] {
  const parts: { start: number; end: number }[] = [];
  let depth = 0;
  let part: { start: number; end: number } | undefined;
  for (const { start, end } of tokens) {
    const word = text.slice(start, end);
    if (word === "(" || word === "[") depth += 1;
    if (word === ")" || word === "]") depth -= 1;
    if (word === "," && depth === 0) {
      if (part !== undefined) parts.push(part);
      part = undefined;
    } else if (part === undefined) {
      part = { start, end };
    } else {
      part.end = end;
    }
  }
  if (part !== undefined) parts.push(part);
  return parts;
}

/**
 * The ALTER TABLE with other statements in the place of some actions. What is left of it comes before
 * them, or after.
 */
export function inPlaceOf(
  { head, actions }: AlterTable,
  replacements: ReadonlyMap<AlterAction, readonly string[]>,
  rest: "first" | "last",
): readonly string[] | undefined {
  if (actions.some(({ text }) => text === undefined)) return undefined;
  const kept = actions.filter((action) => !replacements.has(action)).map(({ text }) => text);
  const own = kept.length === 0 ? [] : [`${head} ${kept.join(", ")}`];
  const others = [...replacements.values()].flat();
  return rest === "first" ? [...own, ...others] : [...others, ...own];
}
