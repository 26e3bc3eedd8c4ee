import type { AstNode } from "../sql/ast.ts";
import type { Edit } from "../sql/edit.ts";
import { identifierName, quoteIdentifier, type Token, tokenize } from "../sql/tokens.ts";
import type { NamedRelation } from "../version/naming.ts";
import { isInChain, nameInFunctions } from "./current-name.ts";
import { REASONS } from "./explanation.ts";
import {
  exchangeComposed,
  exchangeComposedArgument,
  exchangeSequenceArguments,
} from "./name-expressions.ts";
import { listOf, locationOf, namesOf, nodeOf, stringOf, type TypedNode } from "./node.ts";
import { NOBODY, type Rewriting } from "./rewriting.ts";

/** Functions that look a table up by its name in a constant, and where among their arguments it stands. */
const READERS: Readonly<Record<string, { readonly table: number; readonly column?: number }>> = {
  has_any_column_privilege: { table: -2 },
  has_column_privilege: { table: -3, column: -2 },
  has_table_privilege: { table: -2 },
  pg_get_serial_sequence: { table: 0, column: 1 },
  pg_indexes_size: { table: 0 },
  pg_relation_size: { table: 0 },
  pg_table_size: { table: 0 },
  pg_total_relation_size: { table: 0 },
  to_regclass: { table: 0 },
  // A table's row type has its name.
  to_regtype: { table: 0 },
};

export const NAME_READERS: readonly string[] = Object.keys(READERS);

/** Points `'person'::regclass` at the table's physical name, and so `'person'::regtype`. */
export function exchangeTableConstant(work: Rewriting, cast: AstNode): void {
  if (!isCastTo(cast, "regclass") && !isCastTo(cast, "regtype")) return;
  const constant = constantOf({ type: "TypeCast", node: cast });
  if (constant !== undefined) exchangeTable(work, constant);
  else if (isCastTo(cast, "regclass")) exchangeComposed(work, cast);
}

/** The same for `to_regclass('person')`, `pg_get_serial_sequence('orders', 'user_id')` and their like. */
export function exchangeArguments(work: Rewriting, call: AstNode): void {
  const names = namesOf(call, "funcname");
  const reader = READERS[names.at(-1) ?? ""];
  if (reader === undefined || (names.length > 1 && names[0] !== "pg_catalog")) return;
  const args = listOf(call, "args");
  const isSequence = names.at(-1) === "pg_get_serial_sequence" && args.length === 2;
  if (isSequence && args.some((each) => constantOf(each) === undefined)) {
    exchangeSequenceArguments(work, call);
    return;
  }
  const argument = args.at(reader.table);
  if (argument === undefined) return;
  // A cast to regclass is seen to where it is met.
  if (argument.type === "TypeCast" && isCastTo(argument.node, "regclass")) return;
  const constant = constantOf(argument);
  if (constant === undefined) {
    exchangeComposedArgument(work, call, args.indexOf(argument));
    return;
  }
  const relation = exchangeTable(work, constant);
  const column = reader.column === undefined ? undefined : constantOf(args.at(reader.column));
  if (relation === undefined || column === undefined || relation.aliasCount === 0) return;
  touch(work, relation);
  if (exchangeChained(work, relation, column)) return;
  const physical = relation.exchange.get(column.text);
  if (physical !== undefined) exchangeConstant(work, column, physical);
}

/** A name of a chain would be another column's in another state: it goes by position, or is nobody's. */
function exchangeChained(work: Rewriting, relation: NamedRelation, column: Constant): boolean {
  const chain = relation.columns.filter((each) => isInChain(relation, each));
  const own = chain.find(({ logical }) => logical === column.text);
  if (own !== undefined) {
    const token = plainToken(work, column);
    // In `text 'a'` it could be nothing but a constant.
    const isAlone = token !== undefined && isBehindPunctuation(work, column);
    if (isAlone) {
      work.replace(token.start, token.end, nameInFunctions(relation, own), REASONS.constant);
      work.exchanged.add(column.node);
    } else refuseSpelling(work, column);
    return true;
  }
  if (!chain.some(({ otherName, physical }) => [otherName, physical].includes(column.text))) {
    return false;
  }
  exchangeConstant(work, column, NOBODY, { sent: column.text, ran: NOBODY });
  return true;
}

function isBehindPunctuation({ source }: Rewriting, { node }: Constant): boolean {
  return ["(", ","].includes(source.spelling(source.indexAt(locationOf(node)) - 1));
}

interface Constant {
  readonly node: AstNode;
  readonly text: string;
}

/** A string constant, also under a cast to a type of strings. */
function constantOf(argument: TypedNode | undefined): Constant | undefined {
  if (argument === undefined) return undefined;
  const { type, node } = argument;
  const constant = type === "A_Const" ? node : nodeOf(nodeOf(node, "arg") ?? {}, "A_Const");
  const value = constant === undefined ? undefined : nodeOf(constant, "sval");
  if (constant === undefined || value === undefined) return undefined;
  return { node: constant, text: stringOf(value, "sval") };
}

function isCastTo(cast: AstNode, type: string): boolean {
  const typeName = nodeOf(cast, "typeName");
  return typeName !== undefined && namesOf(typeName, "names").at(-1) === type;
}

/** The table under a window that a constant names. */
function exchangeTable(work: Rewriting, constant: Constant): NamedRelation | undefined {
  const written = namesIn(constant.text);
  if (written === undefined || (written.length === 3 && written[0] !== work.database)) {
    return undefined;
  }
  // The server says and takes it without the database, too.
  const parts = written.slice(-2);
  const schema = parts.at(-2) ?? "";
  const name = parts.at(-1) ?? "";
  const found = work.lookup.find(schema, name);
  if (found.kind === "hidden") {
    // The server is to say that there is no such table, where it comes to that.
    const { logicalName } = found.relation;
    const free = work.lookup.existsPhysically(schema, logicalName) ? NOBODY : logicalName;
    const ran = [...parts.slice(0, -1), free].join(".");
    touch(work, found.relation);
    exchangeConstant(work, constant, dotted(schema, free), { sent: parts.join("."), ran });
    return undefined;
  }
  if (found.kind !== "windowed") return undefined;
  const { relation } = found;
  if (!relation.isTableRenamed) return relation;
  touch(work, relation);
  if (relation.physicalName !== name) {
    const isReached = schema !== "" || work.lookup.reachesUnqualified(relation);
    const home = isReached ? schema : relation.schema;
    exchangeConstant(work, constant, dotted(home, relation.physicalName));
  }
  return relation;
}

function touch(work: Rewriting, relation: NamedRelation): void {
  work.touched.add(relation);
  work.dependsOnPhysical = true;
}

function dotted(schema: string, name: string): string {
  const last = quoteIdentifier(name);
  return schema === "" ? last : `${quoteIdentifier(schema)}.${last}`;
}

/** `schema.table` or `database.schema.table` as the server takes it apart; undefined for an OID, and for what it would not take. */
function namesIn(text: string): readonly string[] | undefined {
  const tokens = tokenize(text);
  const parts: string[] = [];
  for (const [index, token] of tokens.entries()) {
    if (index % 2 === 1) {
      if (text.slice(token.start, token.end) !== ".") return undefined;
      continue;
    }
    const isName = token.kind === "identifier" || token.kind === "quoted_identifier";
    if (!isName || text[token.start + 1] === "&") return undefined;
    parts.push(identifierName(text, token));
  }
  return tokens.length % 2 === 1 && parts.length <= 3 ? parts : undefined;
}

function exchangeConstant(
  work: Rewriting,
  constant: Constant,
  by: string,
  said?: Edit["constant"],
): void {
  const token = plainToken(work, constant);
  if (token === undefined || by.includes("\\")) {
    refuseSpelling(work, constant);
    return;
  }
  work.exchanged.add(constant.node);
  work.replaceConstant(token, by, said);
}

/** The token of a constant that is spelt as a plain string, in one piece. */
function plainToken({ source }: Rewriting, { node, text }: Constant): Token | undefined {
  const token = source.token(source.indexAt(locationOf(node)));
  const written = token === undefined ? "" : source.text.slice(token.start, token.end);
  return written === `'${text.replaceAll("'", "''")}'` ? token : undefined;
}

function refuseSpelling(work: Rewriting, { node, text }: Constant): void {
  work.refuseUncertain({
    detail: `The constant '${text}' names what is being renamed, and is spelt in a way that can't be rewritten.`,
    hint: "Write it as a plain string, in one piece.",
    offset: locationOf(node),
  });
}
