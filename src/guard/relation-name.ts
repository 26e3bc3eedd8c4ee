import { type AstNode, nodeMember, stringMember } from "../sql/ast.ts";
import { quoteIdentifier } from "../sql/tokens.ts";

/** A relation as the text names it, unquoted. */
export interface RelationName {
  readonly schema?: string;
  readonly name: string;
  /** What the catalog calls it now, where that is something else. */
  readonly physical?: { readonly schema: string; readonly name: string };
}

/** Objects whose name is a relation's own. */
const RELATIONS: ReadonlySet<string> = new Set([
  "OBJECT_TABLE",
  "OBJECT_INDEX",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_SEQUENCE",
  "OBJECT_FOREIGN_TABLE",
]);

/** Objects whose name follows that of the relation they are part of. */
const PARTS: ReadonlySet<string> = new Set([
  "OBJECT_COLUMN",
  "OBJECT_TABCONSTRAINT",
  "OBJECT_TRIGGER",
  "OBJECT_RULE",
  "OBJECT_POLICY",
]);

export function isRelationKind(objectType: string): boolean {
  return RELATIONS.has(objectType);
}

/** Whether such an object is a part of a relation. */
export function isPart(objectType: string): boolean {
  return PARTS.has(objectType);
}

export function relationMember(node: AstNode, member: string): readonly RelationName[] {
  const relation = nodeMember(node, member);
  return relation === undefined || relation["relname"] === undefined
    ? []
    : [relationName(relation)];
}

export function relationName(relation: AstNode): RelationName {
  const schema = stringMember(relation, "schemaname");
  const name = stringMember(relation, "relname");
  return schema === "" ? { name } : { schema, name };
}

export function nameOfObject(
  parts: readonly string[],
  objectType: string,
): readonly RelationName[] {
  return nameOfParts(isPart(objectType) ? parts.slice(0, -1) : parts);
}

export function nameOfParts(parts: readonly string[]): readonly RelationName[] {
  const [name, schema] = parts.slice(-2).reverse();
  if (name === undefined) return [];
  return [schema === undefined ? { name } : { schema, name }];
}

/** As a sentence has it. */
export function nameText({ schema, name }: RelationName): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

/** As SQL has it. */
export function nameSql({ schema, name }: RelationName): string {
  const own = quoteIdentifier(name);
  return schema === undefined ? own : `${quoteIdentifier(schema)}.${own}`;
}

/**
 * Whether two names can mean the same relation. A name without a schema is taken for one in `public`,
 * or wherever other names without a schema are.
 */
export function isSameName(left: RelationName, right: RelationName): boolean {
  if (left.name !== right.name) return false;
  if (left.schema === right.schema) return true;
  return (left.schema ?? "public") === "public" && (right.schema ?? "public") === "public";
}
