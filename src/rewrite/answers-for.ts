import type { NamedRelation } from "../version/naming.ts";
import type { Answers, FieldRename } from "./answers.ts";
import type { Rewriting } from "./rewriting.ts";

/** Everything that answers need, from the tables that a statement touches, those that it writes to, and what else is known of its writes. */
export function answersFor(
  touched: Iterable<NamedRelation>,
  targets: ReadonlyMap<string, NamedRelation>,
  written?: Pick<Rewriting, "shownTargets" | "writes" | "writeBounds" | "assignedTwice">,
): Answers {
  const relations = [...touched];
  // To the server, what is only read has the version's names, by its alias list.
  const pairs = [...targets.values()].flatMap((relation) => [...turnedBack(relation)]);
  const writes = written === undefined || written.writes.size < 2 ? [] : [...written.writes];
  const tablePairs = relations
    .filter((relation) => relation.logicalName !== relation.physicalName)
    .map((relation) => [relation.physicalName, relation.logicalName] as const);
  return {
    columns: agreed(pairs),
    tables: agreed(tablePairs),
    renameFields: [...(written?.shownTargets ?? [])].flatMap(fieldRenames),
    relations: relations.map((relation) => ({
      schema: relation.schema,
      physical: relation.physicalName,
      logical: relation.logicalName,
      columns: turnedBack(relation),
    })),
    targets: [...targets].map(([name, relation]) => ({ name, columns: turnedBack(relation) })),
    writes: writes.map(([node, relation]) => ({
      ...(written?.writeBounds.get(node) ?? WHOLE),
      columns: relation === undefined ? new Map() : turnedBack(relation),
    })),
    assignedTwice: written?.assignedTwice ?? [],
  };
}

/** The tokens of a statement that is no query of WITH. */
const WHOLE = { first: 0, last: Number.MAX_SAFE_INTEGER };

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
