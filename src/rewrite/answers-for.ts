import type { NamedRelation } from "../version/naming.ts";
import type { Answers, FieldRename } from "./answers.ts";

/** Everything that answers need, from the tables that a statement touches, those that it writes to, and those shown by `RETURNING *`. */
export function answersFor(
  touched: Iterable<NamedRelation>,
  targets: ReadonlyMap<string, NamedRelation>,
  shown: Iterable<NamedRelation> = [],
): Answers {
  const relations = [...touched];
  // To the server, what is only read has the version's names, by its alias list.
  const pairs = [...targets.values()].flatMap((relation) => [...turnedBack(relation)]);
  const tablePairs = relations
    .filter((relation) => relation.logicalName !== relation.physicalName)
    .map((relation) => [relation.physicalName, relation.logicalName] as const);
  return {
    columns: agreed(pairs),
    tables: agreed(tablePairs),
    renameFields: [...shown].flatMap(fieldRenames),
    relations: relations.map((relation) => ({
      schema: relation.schema,
      physical: relation.physicalName,
      logical: relation.logicalName,
      columns: turnedBack(relation),
    })),
    targets: [...targets].map(([name, relation]) => ({ name, columns: turnedBack(relation) })),
  };
}

function turnedBack(relation: NamedRelation): ReadonlyMap<string, string> {
  return new Map(
    relation.columns.flatMap(({ logical, physical }) =>
      logical === physical ? [] : [[physical, logical] as const],
    ),
  );
}

/** Names that mean one thing in all tables. Where two tables disagree, the server's word stays. */
function agreed(pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  const result = new Map<string, string>(pairs);
  for (const [physical, logical] of pairs) {
    if (result.get(physical) !== logical) result.delete(physical);
  }
  return result;
}

function fieldRenames(relation: NamedRelation): readonly FieldRename[] {
  return relation.columns.flatMap(({ logical, physical, attnum }) =>
    logical === physical ? [] : [{ tableOid: relation.oid, attnum, from: physical, to: logical }],
  );
}
