import type { Lock } from "../guard/locks.ts";
import type { RelationName } from "../guard/relation-name.ts";
import { RelationLookup } from "../rewrite/relation-lookup.ts";
import type { PlanInput } from "./decider.ts";

/** A lock with the names that its relations have in the catalog; the text says the version's. */
export function physicalLock(lock: Lock | undefined, input: PlanInput): Lock | undefined {
  if (lock === undefined || input.naming.isEmpty) return lock;
  const lookup = new RelationLookup(input);
  const relations = lock.relations.map((relation) => physicalName(relation, lookup));
  return { ...lock, relations };
}

function physicalName(relation: RelationName, lookup: RelationLookup): RelationName {
  const found = lookup.find(relation.schema ?? "", relation.name);
  if (found.kind !== "windowed") return relation;
  const { schema, physicalName: name } = found.relation;
  return name === relation.name ? relation : { ...relation, physical: { schema, name } };
}
