import { type AstNode, listMember, nodeMember, stringMember } from "../../sql/ast.ts";
import { nameText, type RelationName, relationMember } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";
import { isCreatedIn } from "../transaction-memory.ts";

export const requireWhere: Rule = {
  id: "require-where",
  group: "later",
  severity: "warn",
  isAboutQueries: true,
  why:
    "UPDATE and DELETE without WHERE change every row in one transaction: all of them stay locked until it " +
    "ends, the table grows to twice its size, and a WHERE that was forgotten does not show.",
  instead: "A WHERE, in batches; or WHERE true where all rows are meant.",
  refused: "DELETE FROM orders",
  allowed: "DELETE FROM orders WHERE id BETWEEN 1 AND 1000",
  check,
};

// It looks at the text alone: a query must not cost a question to the server.
function check(subject: Subject): readonly Problem[] {
  const { kind, node } = subject.statement;
  return changesIn(kind, node).flatMap(({ verb, table }) => {
    if (isCreatedIn(subject.memory, table)) return [];
    return [
      {
        message: `${verb} of ${nameText(table)} without WHERE changes every row`,
        detail: `All rows of ${nameText(table)} are written in one transaction, and stay locked until it ends.`,
        hint: "Say which rows by WHERE, some thousand at a time. Where all of them are meant, and few, say WHERE true.",
        table,
      },
    ];
  });
}

interface Change {
  readonly verb: "UPDATE" | "DELETE";
  readonly table: RelationName;
}

/** The statement's own, and those in its WITH. */
function changesIn(kind: string, node: AstNode): readonly Change[] {
  const within = listMember(nodeMember(node, "withClause") ?? {}, "ctes").flatMap(({ node: cte }) =>
    innerChanges(cte),
  );
  if (kind !== "UpdateStmt" && kind !== "DeleteStmt") return within;
  const isBounded = node["whereClause"] !== undefined;
  const relation = nodeMember(node, "relation") ?? {};
  const isTemporary = stringMember(relation, "schemaname") === "pg_temp";
  if (isBounded || isTemporary) return within;
  const verb = kind === "UpdateStmt" ? "UPDATE" : "DELETE";
  return [
    ...relationMember(node, "relation").map((table) => ({ verb, table }) as const),
    ...within,
  ];
}

function innerChanges(cte: AstNode): readonly Change[] {
  const query = cte["ctequery"];
  if (typeof query !== "object" || query === null) return [];
  return Object.entries(query).flatMap(([kind]) =>
    changesIn(kind, nodeMember({ ...query }, kind) ?? {}),
  );
}
