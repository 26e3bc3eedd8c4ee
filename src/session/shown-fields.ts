import { type Answers, turnBackError } from "../rewrite/answers.ts";
import { renameFields } from "../wire/row-description.ts";
import type { Dialogue } from "./dialogue.ts";
import type { Execution } from "./execution.ts";
import type { Entry } from "./pipeline-entry.ts";
import { FAILING_SQLSTATE, refusalFields } from "./refusal.ts";

const LOCK_NOT_AVAILABLE = "55P03";
const INSUFFICIENT_PRIVILEGE = "42501";

type Fields = Map<string, string>;

/**
 * The fields of an error or notice as the client is to read them: in its own names, with positions in
 * its own text, and Straddle's words where Straddle made the statement fail. Undefined where the
 * message goes on as it came; `decode` is only called otherwise.
 */
export function shownFields(
  dialogue: Dialogue,
  entry: Entry,
  execution: Execution,
  answer: { readonly sqlstate: string; readonly decode: () => Fields },
): Fields | undefined {
  const { plan, index, sentText, protocol } = execution;
  const statement = plan.statements[index];
  const refusal = entry.refusal ?? statement?.refusal;
  if (refusal !== undefined && answer.sqlstate === FAILING_SQLSTATE) {
    return refusalFields(refusal, sentText);
  }
  const isOwn = entry.isOwn || execution.isOwn;
  const { decider } = dialogue.context;
  const ran = protocol === "simple" ? decider.simpleText(plan, sentText) : plan;
  if (statement?.answers === undefined && ran.edits.length === 0 && !isOwn) return undefined;

  const fields = answer.decode();
  if (isOwn && fields.get("R") === "exec_stmt_raise") {
    // The guard's own RAISE, or the fence's: where in Straddle's block it was raised tells the client nothing.
    for (const code of ["W", "F", "L"]) fields.delete(code);
    const isFence = [LOCK_NOT_AVAILABLE, INSUFFICIENT_PRIVILEGE].includes(answer.sqlstate);
    return fields.set("R", isFence ? "straddle:flip" : "straddle:lock-timeout");
  }
  // The fence took the lock in the statement's place.
  if (isOwn && answer.sqlstate === LOCK_NOT_AVAILABLE) fields.delete("W");
  return turnBackError(fields, {
    sentText,
    ranText: ran.ranText ?? sentText,
    edits: ran.edits,
    answers: statement?.answers ?? NO_ANSWERS,
  });
}

/** A RowDescription under the client's names; undefined where it goes on as it came. */
export function shownDescription(
  execution: Execution | undefined,
  buffer: Buffer,
  start: number,
  end: number,
  encoding: BufferEncoding,
): Buffer | undefined {
  const renames = execution?.plan.statements[execution.index]?.answers?.renameFields;
  if (renames === undefined || renames.length === 0) return undefined;
  return renameFields(buffer, start, end, renames, encoding);
}

/** For a text that was changed without a windowed relation in it: only positions are turned back. */
const NO_ANSWERS: Answers = {
  columns: new Map(),
  tables: new Map(),
  renameFields: [],
  relations: [],
  targets: [],
  writes: [],
  assignedTwice: [],
};
