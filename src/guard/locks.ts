import {
  type AstNode,
  listMember,
  nameMember,
  nodeMember,
  stringMember,
  walk,
} from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { verbOf } from "../sql/verb.ts";
import { alterTableLevel } from "./alter-table-level.ts";
import { hiddenLock } from "./hidden-lock.ts";
import { type LockLevel, strongest } from "./lock-level.ts";
import {
  isPart,
  isRelationKind,
  nameOfObject,
  nameOfParts,
  type RelationName,
  relationMember,
  relationName,
} from "./relation-name.ts";

/** What a statement locks among the relations that exist already. */
export interface Lock {
  /** `ALTER TABLE`, `CREATE INDEX CONCURRENTLY`, `VACUUM FULL`, ... */
  readonly verb: string;
  /** The strongest lock on any of them. */
  readonly level: LockLevel;
  /** Empty: not known from the text (DROP SCHEMA ... CASCADE, REINDEX DATABASE, ...). */
  readonly relations: readonly RelationName[];
  readonly inBlock: InBlock;
}

/**
 * Whether the server runs it in a transaction block. `depends`: it refuses for a partitioned table,
 * and the text does not tell whether it is one.
 */
export type InBlock = "allowed" | "refused" | "depends";

/**
 * The lock that a schema change takes on existing relations, if that is SHARE UPDATE EXCLUSIVE or
 * stronger. Undefined for queries, for LOCK TABLE, and for what makes new relations only. Of DO it is
 * that of the statements in its body; what CALL does inside does not show.
 */
export function lockedBy(statement: Pick<ParsedStatement, "kind" | "node">): Lock | undefined {
  const taken = LOCKS[statement.kind]?.(statement.node);
  if (taken === undefined) return undefined;
  const { level, relations, inBlock = "allowed" } = taken;
  return { verb: verbOf(statement) + how(statement), level, relations, inBlock };
}

/** The word that sets the statement apart from its harmless, or harmful, form. */
function how({ kind, node }: Pick<ParsedStatement, "kind" | "node">): string {
  if (kind === "VacuumStmt") return " FULL";
  const isConcurrent = node["concurrent"] === true || isOptionOn(node, "params", "concurrently");
  return isConcurrent ? " CONCURRENTLY" : "";
}

interface Taken {
  readonly level: LockLevel;
  readonly relations: readonly RelationName[];
  readonly inBlock?: InBlock;
}

const LOCKS: Readonly<Record<string, (node: AstNode) => Taken | undefined>> = {
  AlterTableStmt: (node) => {
    const commands = listMember(node, "cmds").map((command) => command.node);
    const objectType = stringMember(node, "objtype");
    const level = strongest(commands.map((command) => alterTableLevel(command, objectType)));
    const isConcurrent = commands.some((command) => {
      const partition = nodeMember(command, "def");
      return partition?.["concurrent"] === true;
    });
    const others = [...referencedTables(node), ...commands.flatMap(otherTableOf)];
    return {
      level,
      relations: [...relationMember(node, "relation"), ...others],
      inBlock: inBlockUnless(isConcurrent),
    };
  },
  AlterTableMoveAllStmt: () => everything("ACCESS EXCLUSIVE"),
  RenameStmt: (node) => {
    const renamed = stringMember(node, "renameType");
    if (renamed === "OBJECT_TYPE") return object(node, "ACCESS EXCLUSIVE");
    const relations = relationMember(node, "relation");
    if (relations.length === 0) return undefined; // A role, a schema, a function, ...
    const level = renamed === "OBJECT_INDEX" ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE";
    return { level, relations };
  },
  AlterObjectSchemaStmt: (node) => onRelation(node, "ACCESS EXCLUSIVE"),
  AlterObjectDependsStmt: (node) => onRelation(node, "ACCESS EXCLUSIVE"),
  AlterSeqStmt: (node) => ({
    level: "SHARE ROW EXCLUSIVE",
    relations: relationMember(node, "sequence"),
  }),
  // Adding and checking a constraint reads every table that uses the domain, under SHARE.
  AlterDomainStmt: (node) =>
    "COV".includes(stringMember(node, "subtype") || "-") ? everything("SHARE") : undefined,
  AlterExtensionStmt: () => everything("ACCESS EXCLUSIVE"),
  AlterExtensionContentsStmt: (node) => ofObject(node),
  AlterPolicyStmt: (node) => onTable(node),
  CreatePolicyStmt: (node) => onTable(node),
  DropStmt: (node) => dropped(node),
  DoStmt: (node) => hiddenLock(node, lockedBy),
  DropOwnedStmt: () => everything("ACCESS EXCLUSIVE"),
  ReassignOwnedStmt: () => everything("ACCESS EXCLUSIVE"),
  TruncateStmt: (node) => ({
    level: "ACCESS EXCLUSIVE",
    relations: listMember(node, "relations").map((relation) => relationName(relation.node)),
  }),
  ClusterStmt: (node) => {
    const relations = relationMember(node, "relation");
    return {
      level: "ACCESS EXCLUSIVE",
      relations,
      inBlock: relations.length > 0 ? "depends" : "refused",
    };
  },
  VacuumStmt: (node) => {
    if (node["is_vacuumcmd"] !== true || !isOptionOn(node, "options", "full")) return undefined;
    const relations = listMember(node, "rels").flatMap((item) =>
      relationMember(item.node, "relation"),
    );
    return { level: "ACCESS EXCLUSIVE", relations, inBlock: "refused" };
  },
  ReindexStmt: (node) => {
    const isConcurrent = isOptionOn(node, "params", "concurrently");
    const relations = relationMember(node, "relation");
    return {
      level: isConcurrent ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE",
      relations,
      inBlock: isConcurrent || relations.length === 0 ? "refused" : "depends",
    };
  },
  RefreshMatViewStmt: (node) =>
    onRelation(node, node["concurrent"] === true ? "EXCLUSIVE" : "ACCESS EXCLUSIVE"),
  IndexStmt: (node) => {
    const isConcurrent = node["concurrent"] === true;
    return {
      level: isConcurrent ? "SHARE UPDATE EXCLUSIVE" : "SHARE",
      relations: relationMember(node, "relation"),
      inBlock: inBlockUnless(isConcurrent),
    };
  },
  CreateTrigStmt: (node) => ({
    level: "SHARE ROW EXCLUSIVE",
    relations: [...relationMember(node, "relation"), ...relationMember(node, "constrrel")],
  }),
  RuleStmt: (node) => onRelation(node, "ACCESS EXCLUSIVE"),
  CreateStatsStmt: (node) => ({
    level: "SHARE UPDATE EXCLUSIVE",
    relations: listMember(node, "relations").map((relation) => relationName(relation.node)),
  }),
  ViewStmt: (node) =>
    node["replace"] === true
      ? { level: "ACCESS EXCLUSIVE", relations: relationMember(node, "view") }
      : undefined,
  CreateStmt: (node) => createdTable(node),
  CreateForeignTableStmt: (node) => createdTable(nodeMember(node, "base") ?? node),
  CreateSchemaStmt: (node) => {
    const locks = listMember(node, "schemaElts").flatMap(
      (element) => LOCKS[element.type]?.(element.node) ?? [],
    );
    if (locks.length === 0) return undefined;
    return {
      level: strongest(locks.map((lock) => lock.level)),
      relations: locks.flatMap((lock) => lock.relations),
    };
  },
  CommentStmt: (node) => ofObject(node),
  SecLabelStmt: (node) => ofObject(node),
  CreatePublicationStmt: (node) => published(node),
  AlterPublicationStmt: (node) => published(node),
};

function dropped(node: AstNode): Taken | undefined {
  const objectType = stringMember(node, "removeType");
  if (!isRelationKind(objectType) && !isPart(objectType)) {
    if (objectType === "OBJECT_STATISTIC_EXT") return everything("SHARE UPDATE EXCLUSIVE");
    const reachesRelations =
      objectType === "OBJECT_EXTENSION" || stringMember(node, "behavior") === "DROP_CASCADE";
    return reachesRelations ? everything("ACCESS EXCLUSIVE") : undefined;
  }
  const relations = listMember(node, "objects").flatMap((item) =>
    nameOfObject(nameMember(item.node, "items"), objectType),
  );
  // CASCADE can reach relations that the text does not name; those it names are enough to ask.
  const isConcurrent = node["concurrent"] === true;
  return {
    level: isConcurrent ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE",
    relations,
    inBlock: inBlockUnless(isConcurrent),
  };
}

/**
 * COMMENT ON, SECURITY LABEL ON and ALTER EXTENSION ADD lock what they are about. Of the parts of a
 * relation only a column locks it; the rest take no more than a query does
 * (`get_object_address_relobject`).
 */
function ofObject(node: AstNode): Taken | undefined {
  const objectType = stringMember(node, "objtype");
  if (!isRelationKind(objectType) && objectType !== "OBJECT_COLUMN") return undefined;
  const list = nodeMember(node, "object");
  const relations = list === undefined ? [] : nameOfObject(nameMember(list, "items"), objectType);
  return { level: "SHARE UPDATE EXCLUSIVE", relations };
}

function object(node: AstNode, level: LockLevel): Taken {
  const list = nodeMember(node, "object");
  const parts =
    list === undefined ? [] : [...nameMember(list, "items"), ...nameMember(list, "names")];
  return { level, relations: nameOfParts(parts) };
}

function createdTable(node: AstNode): Taken | undefined {
  const parents = listMember(node, "inhRelations").map((parent) => relationName(parent.node));
  // Named as the table that is being made, it is that one: it comes first along the search path.
  const [own] = relationMember(node, "relation");
  const referenced = referencedTables(node).filter(
    ({ schema, name }) => name !== own?.name || schema !== own?.schema,
  );
  const levels: LockLevel[] = [];
  if (referenced.length > 0) levels.push("SHARE ROW EXCLUSIVE");
  if (parents.length > 0) {
    const isPartition = node["partbound"] !== undefined;
    levels.push(isPartition ? "ACCESS EXCLUSIVE" : "SHARE UPDATE EXCLUSIVE");
  }
  if (levels.length === 0) return undefined;
  return { level: strongest(levels), relations: [...parents, ...referenced] };
}

/** The tables that foreign keys in this statement point to. */
function referencedTables(node: AstNode): readonly RelationName[] {
  const found: RelationName[] = [];
  walk(node, (type, inner) => {
    if (type === "Constraint") found.push(...relationMember(inner, "pktable"));
  });
  return found;
}

/** The other table of ATTACH and DETACH PARTITION, and of INHERIT. NO INHERIT only looks at the parent. */
function otherTableOf(command: AstNode): readonly RelationName[] {
  const definition = nodeMember(command, "def");
  if (definition === undefined) return [];
  if (stringMember(command, "subtype") === "AT_AddInherit") return [relationName(definition)];
  return relationMember(definition, "name");
}

function published(node: AstNode): Taken | undefined {
  const relations = listMember(node, "pubobjects").flatMap((item) => {
    const table = nodeMember(item.node, "pubtable");
    return table === undefined ? [] : relationMember(table, "relation");
  });
  return relations.length === 0 ? undefined : { level: "SHARE UPDATE EXCLUSIVE", relations };
}

function onRelation(node: AstNode, level: LockLevel): Taken | undefined {
  const relations = relationMember(node, "relation");
  return relations.length === 0 ? undefined : { level, relations };
}

function onTable(node: AstNode): Taken {
  return { level: "ACCESS EXCLUSIVE", relations: relationMember(node, "table") };
}

/** What is done CONCURRENTLY takes several transactions of its own. */
function inBlockUnless(isConcurrent: boolean): InBlock {
  return isConcurrent ? "refused" : "allowed";
}

function everything(level: LockLevel): Taken {
  return { level, relations: [] };
}

/** `VACUUM (FULL)`: named without a value, or with one that is not false. */
function isOptionOn(node: AstNode, member: string, name: string): boolean {
  return listMember(node, member).some(({ node: option }) => {
    if (stringMember(option, "defname") !== name) return false;
    const value = nodeMember(option, "arg");
    if (value === undefined) return option["arg"] === undefined;
    if (value["sval"] === undefined) return value["ival"] === 1 || value["boolval"] === true;
    return !["false", "off"].includes(stringMember(value, "sval").toLowerCase());
  });
}
