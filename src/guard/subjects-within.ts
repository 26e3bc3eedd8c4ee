import { stepsOfDo } from "../sql/plpgsql.ts";
import type { Subject } from "./rule.ts";
import { memoryAfter } from "./transaction-memory.ts";

/**
 * The subject itself, and for a DO block also the statements in its body, each with what was done
 * before it. They run in one transaction, whatever they are.
 */
export function subjectsWithin(subject: Subject): readonly Subject[] {
  const steps = subject.statement.kind === "DoStmt" ? stepsOfDo(subject.statement.node) : undefined;
  if (steps === undefined) return [subject];
  const subjects = [subject];
  let memory = { ...subject.memory, isInBlock: true };
  for (const step of steps) {
    if (step.kind !== "statement") continue;
    const inner = { ...subject, statement: step.statement, text: step.text, memory };
    subjects.push(...subjectsWithin(inner));
    memory = memoryAfter(memory, step.statement, subject.facts);
  }
  return subjects;
}
