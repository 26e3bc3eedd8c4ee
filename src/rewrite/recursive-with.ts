import { type AstNode, walk } from "../sql/ast.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import { REASONS } from "./explanation.ts";
import { listOf, locationOf, nodeOf, stringOf, typedOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { lookUp } from "./table-reference.ts";

/**
 * Under WITH RECURSIVE the server takes even a table that is written to for a query of that name, when it
 * puts the queries in order and looks which of them refers to itself (makeDependencyGraph). Where that
 * name is exchanged in what is sure to fail, a reference to the query keeps it in sight, so that the
 * server tells the error that it would have told. To be called after the queries are rewritten.
 */
export function keepWrittenNames(work: Rewriting, clause: AstNode): void {
  const queries = listOf(clause, "ctes").map(({ node }) => node);
  const names = queries.map((query) => stringOf(query, "ctename"));
  // Then the server leaves the order alone, whatever else refers to an earlier one.
  const isInOrder = queries.every((query, index) =>
    referencesIn(query).every((name) => names.indexOf(name) <= index),
  );
  for (const [index, query] of queries.entries()) {
    for (const { holder, write, target } of writesIn(query)) {
      const name = stringOf(target, "relname");
      const at = stringOf(target, "schemaname") === "" ? names.indexOf(name) : -1;
      const found = lookUp(work, target);
      if (at === -1 || (found.kind !== "windowed" && found.kind !== "hidden")) continue;
      const isHidden = found.kind === "hidden";
      if (!isHidden && found.relation.physicalName === name) continue;
      // Newer servers take a name of the write's own WITH for that one.
      const isOfItself = at === index && !namesOfWith(write).includes(name);
      // Where in a UNION a query may refer to itself hangs on more than the name.
      const isInUnion = at === index && holder !== query && isSetOperation(query);
      if (!isInUnion && (isHidden || isOfItself)) insertReference(work, holder, { write, name });
      else if (!isInOrder || at === index) {
        work.refuseUncertain({
          detail: `"${name}" is a query of WITH RECURSIVE as well as the table that is written to.`,
          hint: "Give the query another name.",
          offset: locationOf(target),
        });
      }
    }
  }
}

/** Every table's name without a schema in a query of WITH. */
function referencesIn(query: AstNode): readonly string[] {
  const names: string[] = [];
  walk(query, (_, node) => {
    if (stringOf(node, "schemaname") === "") names.push(stringOf(node, "relname"));
  });
  return names;
}

interface Write {
  /** The query of WITH that it is: INSERT, UPDATE, DELETE and MERGE stand nowhere else. */
  readonly holder: AstNode;
  readonly write: AstNode;
  readonly target: AstNode;
}

/** What a query of WITH writes, by itself and deeper in it. */
function writesIn(query: AstNode): readonly Write[] {
  const writes: Write[] = [];
  walk(query, (_, holder) => {
    const write = typedOf(holder, "ctequery")?.node;
    const target = write === undefined ? undefined : nodeOf(write, "relation");
    if (write !== undefined && target !== undefined) writes.push({ holder, write, target });
  });
  return writes;
}

function isSetOperation(query: AstNode): boolean {
  return nodeOf(typedOf(query, "ctequery")?.node ?? {}, "larg") !== undefined;
}

function namesOfWith(write: AstNode): readonly string[] {
  const queries = listOf(nodeOf(write, "withClause") ?? {}, "ctes");
  return queries.map(({ node }) => stringOf(node, "ctename"));
}

/** Puts a reference to a query of this name at the end of a write: in RETURNING, which is the last clause of each. */
function insertReference(
  work: Rewriting,
  holder: AstNode,
  reference: { readonly write: AstNode; readonly name: string },
): void {
  const { last } = work.source.withQuery(work.source.indexAt(locationOf(holder)));
  const close = work.source.token(last);
  if (close === undefined) return;
  const isFirst = nodeOf(reference.write, "returningClause") === undefined;
  const row = `(SELECT FROM ${quoteIdentifier(reference.name)})`;
  work.insert(close.start, `${isFirst ? " RETURNING" : ","} ${row}`, REASONS.writtenName);
}
