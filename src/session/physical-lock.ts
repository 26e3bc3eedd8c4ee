import type { Lock } from "../guard/locks.ts";
import type { RelationName } from "../guard/relation-name.ts";
import { RelationLookup } from "../rewrite/relation-lookup.ts";
import type { PlanInput } from "./decider.ts";

/** A lock with the names that its relations have in the catalog; the text says the version's. */
export function physicalLock(lock: Lock | undefined, input: PlanInput): Lock | undefined {
  if (lock === undefined || input.naming.isEmpty) return lock;
  const relations = lock.relations.map((relation) => physicalName(relation, input));
  return { ...lock, relations };
}

/** A relation with its name in the catalog, where that is another one. */
export function physicalName(
  relation: RelationName,
  input: Pick<PlanInput, "naming" | "catalog" | "searchPath">,
): RelationName {
  if (input.naming.isEmpty) return relation;
  const lookup = new RelationLookup(input);
  const found = lookup.find(relation.schema ?? "", relation.name);
  if (found.kind !== "windowed") return relation;
  const { schema, physicalName: name } = found.relation;
  return name === relation.name ? relation : { ...relation, physical: { schema, name } };
}
