import { isSameName, type RelationName } from "../relation-name.ts";
import type { Subject } from "../rule.ts";
import { isCreatedIn } from "../transaction-memory.ts";

/** Nobody else can be using it: it was made just now, is the session's own, or is not there at all. */
export function isNew(table: RelationName, { memory, facts }: Subject): boolean {
  if (isCreatedIn(memory, table)) return true;
  const found = facts.relation(table);
  return found === "missing" || found?.isTemporary === true;
}

/** To read or rewrite it takes no time that matters. */
export function isSmall(table: RelationName, subject: Subject): boolean {
  if (isNew(table, subject)) return true;
  const found = subject.facts.relation(table);
  const bytes = found === "missing" ? undefined : found?.bytes;
  return bytes !== undefined && bytes < subject.policy.smallTableBytes;
}

/** What is known of a relation that is there. */
export function relationFacts(name: RelationName, { facts }: Subject) {
  const found = facts.relation(name);
  return found === "missing" ? undefined : found;
}

/** A CHECK that PostgreSQL takes as proof that a column has no NULL, so that it need not look. */
export function isProvenNotNull(table: RelationName, column: string, subject: Subject): boolean {
  const { checks } = subject.memory;
  const isProven = checks.some(
    (check) => check.isValidated && check.notNull === column && isSameName(check.table, table),
  );
  if (isProven) return true;
  const found = relationFacts(table, subject);
  if (found?.columns?.some(({ name, isNotNull }) => name === column && isNotNull)) return true;
  const quoted = `"${column.replaceAll('"', '""')}"`;
  const proofs = [column, quoted].map((name) => `CHECK ((${name} IS NOT NULL))`);
  return (
    found?.constraints?.some(
      ({ isValidated, definition }) => isValidated && proofs.includes(definition),
    ) === true
  );
}
