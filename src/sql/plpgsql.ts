import { type AstNode, isAstNode, listMember, nodeMember, stringMember, walk } from "./ast.ts";
import { type ParsedStatement, parsePlpgsql, parseSql } from "./parse.ts";

/** What a body of PL/pgSQL runs, in the order of its text. */
export type BodyStep =
  /** SQL that stands there, or that EXECUTE has as a constant, and the text that its offsets are of. */
  | { readonly kind: "statement"; readonly statement: ParsedStatement; readonly text: string }
  /** EXECUTE of what is only known when it runs: how it begins, as far as that is a constant. */
  | { readonly kind: "dynamic"; readonly beginning: string }
  /** COMMIT or ROLLBACK. */
  | { readonly kind: "transaction" };

/**
 * The steps of a DO statement; undefined for another language than PL/pgSQL, or what can't be read.
 * `node` is the DoStmt.
 */
export function stepsOfDo(node: AstNode): readonly BodyStep[] | undefined {
  const options = listMember(node, "args").map((item) => item.node);
  const option = (name: string) => {
    const found = options.find((each) => stringMember(each, "defname") === name);
    return stringMember((found && nodeMember(found, "arg")) ?? {}, "sval");
  };
  if (!["", "plpgsql"].includes(option("language"))) return undefined;
  const body = option("as");
  let tag = "$straddle$";
  for (let count = 1; body.includes(tag); count++) tag = `$straddle${count}$`;
  const tree = parsePlpgsql(`DO ${tag}${body}${tag}`);
  return tree && stepsOf(tree);
}

function stepsOf(tree: AstNode): readonly BodyStep[] {
  const steps: BodyStep[] = [];
  const dynamic = new Set<unknown>();
  walk(tree, (type, node) => {
    const own = type.replace(/^PLpgSQL_stmt_/, "");
    if (own === "commit" || own === "rollback") steps.push({ kind: "transaction" });
    // RETURN QUERY EXECUTE and OPEN ... FOR EXECUTE have it apart from what is no EXECUTE.
    const member = own === "dynexecute" || own === "dynfors" ? "query" : "dynquery";
    if (isAstNode(node[member])) dynamic.add(nodeMember(node, member));
    if (type !== "PLpgSQL_expr") return;
    const text = stringMember(node, "query");
    steps.push(...(dynamic.has(node) ? executed(text) : statementsOf(text)));
  });
  return steps;
}

/** Expressions are no statements by themselves, and hold none. */
function statementsOf(text: string): readonly BodyStep[] {
  const parsed = parseSql(text);
  if (parsed.kind !== "parsed") return [];
  return parsed.statements.map((statement) => ({ kind: "statement", statement, text }));
}

function executed(expression: string): readonly BodyStep[] {
  const constant = constantOf(expression);
  if (constant === undefined) return [{ kind: "dynamic", beginning: "" }];
  if (!constant.isAll) return [{ kind: "dynamic", beginning: constant.text }];
  return statementsOf(constant.text);
}

/**
 * How the value of an expression begins: of `'DROP TABLE ' || name` and `format('DROP TABLE %I', name)`
 * the constant.
 */
function constantOf(expression: string): { text: string; isAll: boolean } | undefined {
  const parsed = parseSql(`SELECT ${expression}`);
  if (parsed.kind !== "parsed") return undefined;
  const [target] = listMember(parsed.statements[0]?.node ?? {}, "targetList");
  let node = target === undefined ? undefined : nodeMember(target.node, "val");
  let isAll = true;
  while (node !== undefined) {
    const text = nodeMember(node, "sval");
    if (text !== undefined) return { text: stringMember(text, "sval"), isAll };
    isAll = false;
    const isFormat = listMember(node, "funcname").some((part) => part.node["sval"] === "format");
    node = isFormat ? listMember(node, "args")[0]?.node : nodeMember(node, "lexpr");
  }
  return undefined;
}
