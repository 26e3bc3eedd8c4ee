import { type AstNode, isAstNode, stringMember } from "../sql/ast.ts";
import type {
  ColumnFacts,
  ConstraintFacts,
  IndexFacts,
  RelationFacts,
  RelationKind,
} from "./facts.ts";
import { LOCKS_OF_OTHERS, LOCKS_OF_TREE, readLocks } from "./locks-inquiry.ts";
import type { RelationName } from "./relation-name.ts";
import { stringLiteral } from "./server-sql.ts";

/** A relation to ask about, and whether other transactions' locks on it are wanted as well. */
export interface AskedRelation extends RelationName {
  readonly withLocks?: boolean;
}

/** What a session has in force. Times are milliseconds, 0 is without limit. */
export interface SessionSettings {
  readonly serverVersion: number;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** `client_min_messages`: the least severe notice that the client wants. */
  readonly leastNotice: string;
  /** `straddle.allow`; "" where it is not set. */
  readonly allow: string;
}

/** What the server says to `relationInquiry`: one entry for each name that was asked for. */
export interface RelationAnswer {
  readonly settings: SessionSettings;
  readonly relations: readonly (RelationFacts | "missing" | undefined)[];
}

/** Names that one question may have: what is beyond is not known. */
export const ASKED_NAMES_MAX = 200;

/**
 * One question, to be asked in the client's session: its settings, and what there is of some
 * relations, by its search path. A row for each name.
 *
 * It takes no lock that could wait, but for a race: to measure a table and to print its expressions
 * takes ACCESS SHARE, so that is left out where another session has, or waits for, ACCESS EXCLUSIVE.
 */
export function relationInquiry(names: readonly AskedRelation[]): string {
  const wanted = names.length === 0 ? [{ name: "" }] : names.slice(0, ASKED_NAMES_MAX);
  const rows = wanted.map(({ schema, name, withLocks = false }: AskedRelation, index) => {
    const schemaSql = schema === undefined ? "NULL" : stringLiteral(schema);
    return `(${index}, ${schemaSql}::pg_catalog.text, ${stringLiteral(name)}::pg_catalog.name, ${withLocks})`;
  });
  const hasLocks = wanted.some(({ withLocks }: AskedRelation) => withLocks === true);
  return (
    `WITH busy AS MATERIALIZED (${BUSY})${hasLocks ? `, others AS MATERIALIZED (${LOCKS_OF_OTHERS})` : ""} ` +
    `SELECT ${SETTINGS}, r.facts FROM (VALUES ${rows.join(", ")}) AS w (position, schema, name, with_locks) ` +
    `LEFT JOIN LATERAL (SELECT ${factsSql(hasLocks)}::pg_catalog.text AS facts ` +
    "FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n " +
    "ON n.oid OPERATOR(pg_catalog.=) c.relnamespace " +
    `WHERE c.relname OPERATOR(pg_catalog.=) w.name AND ${IS_MEANT}) AS r ON true ` +
    "ORDER BY w.position"
  );
}

/** Undefined where the answer is not one to that question. */
export function readRelationAnswer(
  rows: readonly (readonly (string | null)[])[],
): RelationAnswer | undefined {
  const [version, lockTimeout, statementTimeout, leastNotice, allow] = rows[0] ?? [];
  if (typeof version !== "string" || typeof leastNotice !== "string") return undefined;
  return {
    settings: {
      serverVersion: Number(version),
      lockTimeoutMs: Number(lockTimeout),
      statementTimeoutMs: Number(statementTimeout),
      leastNotice,
      allow: allow ?? "",
    },
    relations: rows.map(([, , , , , facts]) => (facts == null ? "missing" : factsOf(facts))),
  };
}

// Every name, operator and function is qualified: the session's search_path is the client's.
const BUSY =
  "SELECT l.relation AS oid FROM pg_catalog.pg_locks AS l " +
  "WHERE l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock' AND l.relation IS NOT NULL " +
  "AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()";

const milliseconds = (setting: string) =>
  `(EXTRACT(epoch FROM pg_catalog.current_setting('${setting}')::pg_catalog.interval) ` +
  "OPERATOR(pg_catalog.*) 1000)::pg_catalog.int8::pg_catalog.text";

const SETTINGS = [
  "pg_catalog.current_setting('server_version_num')",
  milliseconds("lock_timeout"),
  milliseconds("statement_timeout"),
  "pg_catalog.current_setting('client_min_messages')",
  "pg_catalog.current_setting('straddle.allow', true)",
].join(", ");

/** `pg_temp` is an alias for the session's own schema of temporary tables. */
const IS_MEANT =
  "CASE WHEN w.schema IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) " +
  "WHEN w.schema OPERATOR(pg_catalog.=) 'pg_temp' " +
  "THEN n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() " +
  "ELSE n.nspname OPERATOR(pg_catalog.=) w.schema::pg_catalog.name END";

const isFree = (oid: string) =>
  `NOT EXISTS (SELECT FROM busy AS b WHERE b.oid OPERATOR(pg_catalog.=) ${oid})`;

/** The relation with all partitions and heirs. */
const TREE =
  "WITH RECURSIVE tree AS (SELECT c.oid UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h " +
  "JOIN tree AS t ON h.inhparent OPERATOR(pg_catalog.=) t.oid)";

const BYTES =
  `(${TREE} SELECT CASE WHEN pg_catalog.count(s.size) OPERATOR(pg_catalog.=) pg_catalog.count(*) ` +
  "THEN pg_catalog.sum(s.size) END FROM (SELECT CASE WHEN " +
  `${isFree("t.oid")} THEN pg_catalog.pg_table_size(t.oid::pg_catalog.regclass) END AS size FROM tree AS t) AS s)`;

/** By the statistics; where a table was never analysed, by what was counted since the last crash. */
const TUPLES =
  `(${TREE} SELECT pg_catalog.sum(CASE WHEN p.reltuples OPERATOR(pg_catalog.>=) 0 THEN p.reltuples ` +
  "ELSE pg_catalog.pg_stat_get_live_tuples(p.oid) END)::pg_catalog.int8 FROM tree AS t " +
  "JOIN pg_catalog.pg_class AS p ON p.oid OPERATOR(pg_catalog.=) t.oid " +
  "WHERE p.relkind OPERATOR(pg_catalog.<>) 'p')";

const COLUMNS =
  "(SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname, " +
  "'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'isNotNull', a.attnotnull, " +
  `'default', CASE WHEN ${isFree("c.oid")} THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END, ` +
  "'isIdentity', a.attidentity OPERATOR(pg_catalog.<>) '', " +
  "'isGenerated', a.attgenerated OPERATOR(pg_catalog.<>) '') ORDER BY a.attnum) " +
  "FROM pg_catalog.pg_attribute AS a LEFT JOIN pg_catalog.pg_attrdef AS d " +
  "ON d.adrelid OPERATOR(pg_catalog.=) a.attrelid AND d.adnum OPERATOR(pg_catalog.=) a.attnum " +
  "WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0 " +
  "AND NOT a.attisdropped)";

const CONSTRAINTS =
  `CASE WHEN ${isFree("c.oid")} THEN (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(` +
  "'name', k.conname, 'kind', k.contype, 'isValidated', k.convalidated, " +
  "'definition', pg_catalog.pg_get_constraintdef(k.oid))) FROM pg_catalog.pg_constraint AS k " +
  "WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid) END";

const INDEXES =
  "(SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', x.relname, " +
  "'isUnique', i.indisunique, 'isValid', i.indisvalid, 'columns', " +
  "(SELECT pg_catalog.json_agg(a.attname ORDER BY u.place) " +
  "FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY AS u (attnum, place) " +
  "LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid " +
  "AND a.attnum OPERATOR(pg_catalog.=) u.attnum AND u.attnum OPERATOR(pg_catalog.>) 0 " +
  "WHERE u.place OPERATOR(pg_catalog.<=) i.indnkeyatts))) " +
  "FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x " +
  "ON x.oid OPERATOR(pg_catalog.=) i.indexrelid WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid)";

/** The names of other relations, found by `from` as `o`. */
const otherNames = (from: string) =>
  "(SELECT pg_catalog.json_agg(pg_catalog.json_build_object('schema', m.nspname, 'name', o.relname)) " +
  `FROM ${from} JOIN pg_catalog.pg_namespace AS m ON m.oid OPERATOR(pg_catalog.=) o.relnamespace)`;

const REFERENCED_BY = otherNames(
  "pg_catalog.pg_constraint AS f JOIN pg_catalog.pg_class AS o " +
    "ON o.oid OPERATOR(pg_catalog.=) f.conrelid AND f.confrelid OPERATOR(pg_catalog.=) c.oid " +
    "AND f.contype OPERATOR(pg_catalog.=) 'f' AND f.conrelid OPERATOR(pg_catalog.<>) c.oid",
);
const PARTITIONS = otherNames(
  "pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_class AS o " +
    "ON o.oid OPERATOR(pg_catalog.=) h.inhrelid AND h.inhparent OPERATOR(pg_catalog.=) c.oid " +
    "AND o.relispartition",
);
const TABLE_OF_INDEX = otherNames(
  "pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS o " +
    "ON o.oid OPERATOR(pg_catalog.=) i.indrelid AND i.indexrelid OPERATOR(pg_catalog.=) c.oid",
);

const LOCKS = `CASE WHEN w.with_locks THEN (${TREE} ${LOCKS_OF_TREE}) END`;

const factsSql = (hasLocks: boolean) =>
  "pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname, 'kind', c.relkind, " +
  "'isTemporary', c.relpersistence OPERATOR(pg_catalog.=) 't', " +
  `'bytes', ${BYTES}, 'tuples', ${TUPLES}, 'columns', ${COLUMNS}, 'constraints', ${CONSTRAINTS}, ` +
  `'isFree', ${isFree("c.oid")}, 'indexes', ${INDEXES}, 'referencedBy', ${REFERENCED_BY}, ` +
  `'partitions', ${PARTITIONS}, 'table', ${TABLE_OF_INDEX}, ${hasLocks ? `'locks', ${LOCKS}, ` : ""}` +
  `'partitionKey', CASE WHEN ${isFree("c.oid")} THEN pg_catalog.pg_get_partkeydef(c.oid) END)`;

const KINDS: Readonly<Record<string, RelationKind>> = {
  r: "table",
  t: "table",
  p: "partitioned table",
  f: "foreign table",
  i: "index",
  I: "index",
  v: "view",
  m: "materialized view",
  S: "sequence",
  c: "composite type",
};

const CONSTRAINT_KINDS: Readonly<Record<string, ConstraintFacts["kind"]>> = {
  c: "check",
  f: "foreign key",
  u: "unique",
  p: "primary key",
  x: "exclusion",
  n: "not null",
};

function factsOf(json: string): RelationFacts | undefined {
  const read: unknown = JSON.parse(json);
  if (!isAstNode(read)) return undefined;
  const kind = KINDS[stringMember(read, "kind")];
  if (kind === undefined) return undefined;
  const bytes = read["bytes"];
  const tuples = read["tuples"];
  const [table] = namesOf(read, "table");
  const partitionKey = stringMember(read, "partitionKey");
  const isFree = read["isFree"] === true;
  const locks = readLocks(read);
  return {
    schema: stringMember(read, "schema"),
    name: stringMember(read, "name"),
    kind,
    isTemporary: read["isTemporary"] === true,
    ...(table === undefined ? {} : { table }),
    ...(typeof bytes === "number" ? { bytes } : {}),
    ...(typeof tuples === "number" ? { tuples } : {}),
    columns: objects(read, "columns").map(columnOf),
    ...(isFree ? { constraints: objects(read, "constraints").flatMap(constraintOf) } : {}),
    indexes: objects(read, "indexes").map(indexOf),
    referencedBy: namesOf(read, "referencedBy"),
    partitions: namesOf(read, "partitions"),
    ...(partitionKey === "" ? {} : { partitionKey }),
    ...(locks === undefined ? {} : { locks }),
  };
}

function objects(node: AstNode, member: string): readonly AstNode[] {
  const list = node[member];
  return Array.isArray(list) ? list.filter(isAstNode) : [];
}

function namesOf(node: AstNode, member: string): readonly RelationName[] {
  return objects(node, member).map((each) => ({
    schema: stringMember(each, "schema"),
    name: stringMember(each, "name"),
  }));
}

function columnOf(node: AstNode): ColumnFacts {
  const own = node["default"];
  return {
    name: stringMember(node, "name"),
    type: stringMember(node, "type"),
    isNotNull: node["isNotNull"] === true,
    ...(typeof own === "string" ? { default: own } : {}),
    isIdentity: node["isIdentity"] === true,
    isGenerated: node["isGenerated"] === true,
  };
}

function constraintOf(node: AstNode): readonly ConstraintFacts[] {
  const kind = CONSTRAINT_KINDS[stringMember(node, "kind")];
  if (kind === undefined) return [];
  return [
    {
      name: stringMember(node, "name"),
      kind,
      isValidated: node["isValidated"] === true,
      definition: stringMember(node, "definition"),
    },
  ];
}

function indexOf(node: AstNode): IndexFacts {
  const columns = node["columns"];
  return {
    name: stringMember(node, "name"),
    columns: Array.isArray(columns)
      ? columns.map((name: unknown) => (typeof name === "string" ? name : undefined))
      : [],
    isUnique: node["isUnique"] === true,
    isValid: node["isValid"] === true,
  };
}
