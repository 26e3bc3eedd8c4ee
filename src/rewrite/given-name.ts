import { type AstNode, walk } from "../sql/ast.ts";
import { listOf, locationOf, namesOf, nodeOf, stringOf, typedOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { referencedTables } from "./utility-columns.ts";

/*
 * Names that a statement gives to what it makes, renames or moves. Where a table that is being renamed has such a name,
 * for the version or in the database, it is taken for one of them and free for the other, so it is refused.
 */

/** CREATE TABLE AS, SELECT INTO and CREATE VIEW: what they make is no reference. */
export function passCreatedName(work: Rewriting, node: AstNode | undefined): void {
  if (node === undefined) return;
  work.handled.add(node);
  if (node["relpersistence"] === "t") return;
  refuseIfTaken(work, {
    schema: newHome(work, stringOf(node, "schemaname")),
    name: stringOf(node, "relname"),
    node,
  });
}

/** The reference by which a statement makes a table, a sequence or a row type. */
function madeRelation(kind: string, node: AstNode): AstNode | undefined {
  switch (kind) {
    case "CreateStmt":
      return nodeOf(node, "relation");
    case "CreateForeignTableStmt":
      return nodeOf(nodeOf(node, "base") ?? {}, "relation");
    case "CreateSeqStmt":
      return nodeOf(node, "sequence");
    case "CompositeTypeStmt":
      return nodeOf(node, "typevar");
    default:
      return undefined;
  }
}

/**
 * The same for what CREATE TABLE, SEQUENCE and TYPE make. Under a table's own name, in its schema, it stays: the server is to say that it is there, or with
 * IF NOT EXISTS to go on.
 */
export function refuseMadeRelation(work: Rewriting, kind: string, node: AstNode): void {
  const made = madeRelation(kind, node);
  if (made === undefined || made["relpersistence"] === "t") return;
  const schema = stringOf(made, "schemaname");
  const name = stringOf(made, "relname");
  const own = work.lookup.find(schema, name);
  const isThere =
    own.kind === "windowed" && work.lookup.schemaForNew(schema) === own.relation.schema;
  if (!isThere) refuseIfTaken(work, { schema: newHome(work, schema), name, node: made });
}

/**
 * Whether a reference is to what the statement makes, and that is a namesake of a table under a window, in front of it
 * in the search path. `CREATE TABLE a (b int REFERENCES a)`: it is there before its foreign keys are.
 */
export function isMadeElsewhere(
  work: Rewriting,
  kind: string,
  statement: AstNode,
  reference: AstNode,
): boolean {
  const made = madeRelation(kind, statement);
  if (made === undefined) return false;
  const schema = stringOf(made, "schemaname");
  const name = stringOf(made, "relname");
  const isBare = schema === "" && stringOf(reference, "schemaname") === "";
  const isNamesake = isBare && stringOf(reference, "relname") === name;
  const isBehind = isNamesake && referencedTables(statement).has(reference);
  if (reference !== made && !isBehind) return false;
  if (made["relpersistence"] === "t") return true;
  const found = work.lookup.find(schema, name);
  const isFound = found.kind === "windowed" || found.kind === "hidden";
  return isFound && work.lookup.schemaForNew(schema) !== found.relation.schema;
}

interface GivenName {
  /** "" where it is not known. */
  readonly schema: string;
  readonly name: string;
  /** What has a position, if anything does. */
  readonly node?: AstNode;
  /** What it is called so far: a table under the window can get its own other name. */
  readonly from?: string;
  /** It keeps its name, elsewhere. */
  readonly isKept?: true;
}

/** The same for names that stand in the tree as strings. */
export function refuseGivenNames(work: Rewriting, kind: string, node: AstNode): void {
  for (const given of givenNames(work, kind, node)) refuseIfTaken(work, given);
}

function givenNames(work: Rewriting, kind: string, node: AstNode): readonly GivenName[] {
  const relation = nodeOf(node, "relation") ?? {};
  const object = namesOf(typedOf(node, "object")?.node ?? {}, "items");
  const schema = object.at(-2) ?? homeOf(work, relation);
  switch (kind) {
    case "IndexStmt":
      return [{ schema, name: stringOf(node, "idxname") }];
    case "AlterTableStmt":
      return indexNames(node).map((name) => ({ schema, name }));
    case "CreateStmt": {
      if (relation["relpersistence"] === "t") return [];
      const home = newHome(work, stringOf(relation, "schemaname"));
      return indexNames(node).map((name) => ({ schema: home, name }));
    }
    case "RenameStmt":
      if (!RENAMED_BESIDE_TABLES.has(stringOf(node, "renameType"))) return [];
      return [
        {
          schema,
          name: stringOf(node, "newname"),
          from: stringOf(relation, "relname"),
        },
      ];
    case "AlterObjectSchemaStmt": {
      const moved = [stringOf(relation, "relname"), ...object.slice(-1)];
      // What is moved away is under the window no more, and its name there is not the version's.
      return moved.flatMap((name = "") => [
        { schema: stringOf(node, "newschema"), name },
        { schema, name, isKept: true },
      ]);
    }
    case "CreateEnumStmt":
    case "CreateRangeStmt":
      return typeName(work, namesOf(node, "typeName"));
    case "CreateDomainStmt":
      return typeName(work, namesOf(node, "domainname"));
    case "DefineStmt":
      return node["kind"] === "OBJECT_TYPE" ? typeName(work, namesOf(node, "defnames")) : [];
    case "CreateSchemaStmt":
      // Its parts are made in the new schema, and refer to one another.
      return listOf(node, "schemaElts").flatMap(relationsIn);
    default:
      return [];
  }
}

/** Objects whose names are unique together with those of tables and their row types. */
const RENAMED_BESIDE_TABLES: ReadonlySet<string> = new Set([
  "OBJECT_DOMAIN",
  "OBJECT_FOREIGN_TABLE",
  "OBJECT_INDEX",
  "OBJECT_MATVIEW",
  "OBJECT_SEQUENCE",
  "OBJECT_TABLE",
  "OBJECT_TYPE",
  "OBJECT_VIEW",
]);

const MAKES_INDEX: ReadonlySet<unknown> = new Set([
  "CONSTR_EXCLUSION",
  "CONSTR_PRIMARY",
  "CONSTR_UNIQUE",
]);

/** Names of constraints that are their indexes' too. */
function indexNames(node: AstNode): readonly string[] {
  const names: string[] = [];
  walk(node, (type, inner) => {
    if (type === "Constraint" && MAKES_INDEX.has(inner["contype"])) {
      names.push(stringOf(inner, "conname"));
    }
  });
  return names;
}

function typeName(work: Rewriting, names: readonly (string | undefined)[]): readonly GivenName[] {
  return [{ schema: newHome(work, names.at(-2) ?? ""), name: names.at(-1) ?? "" }];
}

/** The schema that something new is made in. */
function newHome(work: Rewriting, written: string): string {
  return work.lookup.schemaForNew(written) ?? "";
}

/** The schema of a table that is there; "" for an index, and for what is newer than the snapshot. */
function homeOf(work: Rewriting, reference: AstNode): string {
  const written = stringOf(reference, "schemaname");
  if (written !== "") return written;
  const found = work.lookup.find("", stringOf(reference, "relname"));
  return found.kind === "plain" || found.kind === "windowed" ? found.relation.schema : "";
}

function relationsIn({ node }: { readonly node: AstNode }): readonly GivenName[] {
  const found: GivenName[] = [];
  walk(node, (_type, inner) => {
    const name = stringOf(inner, "relname");
    if (name !== "" && stringOf(inner, "schemaname") === "") {
      found.push({ schema: "", name, node: inner });
    }
  });
  return found;
}

function refuseIfTaken(work: Rewriting, given: GivenName): void {
  const { schema, name, node, from } = given;
  const relation = work.lookup.windowed.find(
    (each) =>
      each.isTableRenamed &&
      [each.logicalName, each.physicalName].includes(name) &&
      (schema === "" || schema === each.schema),
  );
  if (relation === undefined) return;
  const { logicalName, physicalName, otherName } = relation;
  if (given.isKept === true && logicalName === physicalName) return;
  if (from !== undefined && [logicalName, physicalName, otherName].includes(from)) return;
  work.touched.add(relation);
  work.dependsOnPhysical = true;
  work.refuseUncertain({
    detail: `The name "${name}" belongs to a table that is being renamed.`,
    hint: "Take another name.",
    offset: node === undefined ? undefined : locationOf(node),
  });
}
