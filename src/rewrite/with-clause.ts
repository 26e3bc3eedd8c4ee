import { type AstNode, walk } from "../sql/ast.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import { REASONS } from "./explanation.ts";
import { flagOf, listOf, locationOf, namesOf, stringOf, typedOf } from "./node.ts";
import { aliasColumns, aliasNames } from "./output-columns.ts";
import { keepWrittenNames } from "./recursive-with.ts";
import type { Ctes, QueryPlace, Rewriting } from "./rewriting.ts";
import type { Columns } from "./scope.ts";
import { keepWitness } from "./witness.ts";

/** Rewrites the queries of WITH, and gives the names that they add for the rest of the statement. */
export function rewriteWith(
  work: Rewriting,
  clause: AstNode | undefined,
  place: { outer: QueryPlace["outer"]; ctes: Ctes },
): Ctes {
  const outer = withAddedHidden(place.ctes);
  if (clause === undefined) return outer;
  const ctes = new Map(outer);
  const queries = listOf(clause, "ctes");
  if (flagOf(clause, "recursive")) {
    // With RECURSIVE they see each other, also before their columns are known.
    let canBeRow = false;
    walk(clause, (type) => {
      canBeRow ||= type === "RangeFunction" || type === "A_Indirection";
    });
    for (const { node } of queries) {
      const aliases = aliasNames(node["aliascolnames"]);
      ctes.set(stringOf(node, "ctename"), { names: aliases, isComplete: false, canBeRow });
    }
  }
  for (const { node } of queries) {
    const query = typedOf(node, "ctequery");
    if (query === undefined || keepWitness(work, node)) continue;
    const aliases = aliasNames(node["aliascolnames"]);
    const columns = work.walk.query(work, query, {
      outer: place.outer,
      ctes: new Map(ctes),
      isTop: false,
    });
    const generated = generatedColumns(node);
    const visible = aliases.length > 0 ? aliasColumns(columns, aliases) : columns;
    ctes.set(stringOf(node, "ctename"), {
      names: [...visible.names, ...generated],
      isComplete: visible.isComplete,
      ...(visible.canBeRow === true && { canBeRow: true }),
      ...(generated.length > 0 && { addedCount: generated.length }),
    });
    nameReturnedStar(work, node, query.node, columns);
    if (work.writes.has(query.node)) {
      const name = work.source.indexAt(locationOf(node));
      work.writeBounds.set(query.node, work.source.withQuery(name));
    }
  }
  if (flagOf(clause, "recursive")) keepWrittenNames(work, clause);
  return ctes;
}

/** As a query sees them that stands deeper than their WITH. */
function withAddedHidden(ctes: Ctes): Ctes {
  const isAny = [...ctes.values()].some(({ addedCount }) => addedCount !== undefined);
  if (!isAny) return ctes;
  return new Map(
    [...ctes].map(([name, columns]) => {
      const hidesAdded = columns.addedCount !== undefined;
      return [name, hidesAdded ? { ...columns, hidesAdded } : columns];
    }),
  );
}

/** Columns that SEARCH and CYCLE add. */
function generatedColumns(node: AstNode): readonly string[] {
  const search = node["search_clause"];
  const cycle = node["cycle_clause"];
  return [search, cycle].flatMap((clause) =>
    typeof clause === "object" && clause !== null
      ? Object.entries(clause).flatMap(([member, value]) =>
          member.endsWith("_column") && typeof value === "string" ? [value] : [],
        )
      : [],
  );
}

/**
 * `RETURNING *` in a WITH query gives physical names to the rest of the statement, so the WITH query
 * gets an alias list, up to the last column that a `*` gives.
 */
function nameReturnedStar(work: Rewriting, node: AstNode, query: AstNode, columns: Columns): void {
  const needed = work.returnedStars.get(query);
  if (needed === undefined) return;
  const name = stringOf(node, "ctename");
  const index = work.source.dottedName(locationOf(node), [name])?.[0];
  const names = columns.names.slice(0, needed);
  const token = work.source.token(index ?? -1);
  if (index === undefined || token === undefined || !columns.isComplete || names.includes("")) {
    work.refuseUncertain({
      detail: `The columns that the WITH query "${name}" returns are not certain.`,
      hint: "List them in RETURNING instead of *.",
      offset: locationOf(node),
    });
    return;
  }
  const aliases = namesOf(node, "aliascolnames");
  if (aliases.length === 0) {
    work.insert(token.end, `(${names.map(quoteIdentifier).join(", ")})`, REASONS.returnedStar);
  } else if (aliases.length < needed) {
    const close = work.source.token(work.source.closingParenthesis(index + 1));
    const more = names.slice(aliases.length).map(quoteIdentifier).join(", ");
    if (close !== undefined) work.insert(close.start, `, ${more}`, REASONS.returnedStar);
  }
}
