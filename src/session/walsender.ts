import { normalizeSql } from "../sql/normalize.ts";
import { replicationCommand } from "../sql/replication-command.ts";
import type { ClientFrame } from "./client-frame.ts";
import type { Dialogue } from "./dialogue.ts";
import { textExecution } from "./execution.ts";
import { expectReply, forward } from "./sending.ts";
import { passedPlan, unreadChoice } from "./special-plans.ts";

/** How much of an oversize command is recorded, in bytes. */
const RECORDED_SIZE_MAX = 4_096;

/**
 * Sends on a Query that a walsender does not take for SQL, as it came; says whether it did. What is
 * SQL goes the way of all others: a walsender of a database runs it. One without a database runs none.
 */
export function sendReplicationCommand(dialogue: Dialogue, frame: ClientFrame): boolean {
  const { replication } = dialogue.info;
  if (replication === "none") return false;
  const { buffer, start, end, isHead } = frame;
  const textEnd = isHead ? Math.min(end, start + RECORDED_SIZE_MAX) : Math.max(start + 5, end - 1);
  const text = buffer.toString("latin1", start + 5, textEnd);
  const command = replicationCommand(text);
  if (command === undefined && replication === "database") return false;

  const verb = command ?? "UNKNOWN";
  const plan = passedPlan(verb, command === undefined ? "(not read)" : normalizeSql(text));
  const choice = unreadChoice(dialogue, plan, text);
  forward(dialogue, frame);
  expectReply(dialogue, "query", [textExecution(choice, { protocol: "replication" })]);
  return true;
}
