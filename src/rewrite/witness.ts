import type { AstNode } from "../sql/ast.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import type { NamedRelation } from "../version/naming.ts";
import { REASONS } from "./explanation.ts";
import { flagOf, listOf, locationOf, namesOf, nodeOf, stringOf, typedOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { lookUp } from "./table-reference.ts";

/** A WITH query of nobody's. */
const WITNESS = "straddle: column names";

const VERBS: ReadonlySet<string> = new Set(["insert", "update", "delete", "merge"]);

/**
 * Has a writing query name columns by what they are called now, so that it fails with 42703 where they are called
 * otherwise by then, and is made anew. Three kinds could run without an error, and mean or show something else:
 *
 * - of a table with a chain (a to b, b to c), in which the name in the middle is another column's after the
 *   rename. All names of a chain together are there in one state only.
 * - with a `*` of the table in RETURNING, at the top: its fields are renamed in the answer. Prepared, the server
 *   would find that "cached plan must not change result type".
 * - in which a table or an alias is called like a column of it: without the column, the name is the whole row.
 *
 * The query is never referred to: the server looks its names up, and neither runs it nor asks for privileges.
 */
export function addWitness(work: Rewriting, query: AstNode, relation: NamedRelation): void {
  const isWanted = work.shownTargets.has(relation) || hasNamesake(work, relation);
  const names = relation.columns.flatMap(({ physical, otherName }) =>
    (isWanted && otherName !== undefined) || relation.chained.includes(physical) ? [physical] : [],
  );
  const clause = nodeOf(query, "withClause");
  const queries = clause === undefined ? [] : listOf(clause, "ctes").map(({ node }) => node);
  if (names.length === 0) return;
  const isThere = queries.some((each) => {
    const kept = work.witnesses.get(each);
    return kept?.relation === relation && names.every((name) => kept.names.includes(name));
  });
  if (isThere) return;
  const columns = names.map(quoteIdentifier).join(", ");
  const table = `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.physicalName)}`;
  let name = WITNESS;
  while (queries.some((each) => stringOf(each, "ctename") === name)) name += "'";
  const witness = `${quoteIdentifier(name)} AS (SELECT ${columns} FROM ${table})`;
  const { source } = work;
  if (clause !== undefined) {
    const index = source.indexAt(locationOf(clause)) + (flagOf(clause, "recursive") ? 1 : 0);
    const end = source.token(index)?.end;
    if (end !== undefined) work.insert(end, ` ${witness},`, REASONS.witness);
    return;
  }
  const start = source.token(verbIndex(work, nodeOf(query, "relation") ?? {}))?.start;
  if (start !== undefined) work.insert(start, `WITH ${witness} `, REASONS.witness);
}

function hasNamesake({ aliases, unaliased }: Rewriting, { columns }: NamedRelation): boolean {
  return columns.some(
    ({ logical, otherName }) =>
      otherName !== undefined &&
      [logical, otherName].some((name) => aliases.has(name) || unaliased.has(name)),
  );
}

/**
 * Whether a WITH query is such a one already, by a Straddle that has seen the text before, and of names that this
 * session uses too. It stays as it is: with an alias list it would fail for nothing.
 */
export function keepWitness(work: Rewriting, query: AstNode): boolean {
  if (stringOf(query, "ctename") !== WITNESS) return false;
  const select = typedOf(query, "ctequery")?.node ?? {};
  const [from, another] = listOf(select, "fromClause");
  if (from?.type !== "RangeVar" || another !== undefined) return false;
  const found = lookUp(work, from.node);
  if (found.kind !== "windowed" || found.relation.exchange.size > 0) return false;
  const { relation } = found;
  const names = listOf(select, "targetList").flatMap(
    ({ node }) => namesOf(typedOf(node, "val")?.node ?? {}, "fields")[0] ?? [],
  );
  if (!relation.chained.every((name) => names.includes(name))) return false;
  work.handled.add(from.node);
  work.touched.add(relation);
  work.dependsOnPhysical = true;
  work.witnesses.set(query, { relation, names });
  return true;
}

/** INSERT INTO, UPDATE [ONLY] [(], DELETE FROM [ONLY] [(], MERGE INTO [ONLY] [(] stand before the table's name. */
function verbIndex({ source }: Rewriting, relation: AstNode): number {
  let index = source.indexAt(locationOf(relation)) - 1;
  while (index >= 0 && !VERBS.has(source.word(index))) index -= 1;
  return index;
}
