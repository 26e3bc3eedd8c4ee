import type { AstNode } from "../sql/ast.ts";
import { listMember, nodeMember, stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { type BodyStep, stepsOfDo } from "../sql/plpgsql.ts";
import { strongest } from "./lock-level.ts";
import type { InBlock, Lock } from "./locks.ts";

/** What EXECUTE of a text that begins like this changes is not known, but that it changes a schema is. */
const DDL =
  /^\s*(alter|drop|truncate|reindex|cluster|refresh|create\s+(unique\s+)?index|create\s+trigger)\b/i;

/**
 * The lock that a DO block's own statements take, by `lockOf` for each. Undefined where there is none,
 * or where the block sets a `lock_timeout` before them. EXECUTE of a text that does not show what it is
 * is none.
 */
export function hiddenLock(
  node: AstNode,
  lockOf: (statement: ParsedStatement) => Lock | undefined,
): (Pick<Lock, "level" | "relations"> & { readonly inBlock: InBlock }) | undefined {
  const steps = stepsOfDo(node);
  if (steps === undefined) return undefined;
  const locks: Pick<Lock, "level" | "relations">[] = [];
  for (const step of steps) {
    if (locks.length === 0 && setsTimeout(step)) return undefined;
    if (step.kind === "statement") {
      const lock = lockOf(step.statement);
      if (lock !== undefined) locks.push(lock);
    } else if (step.kind === "dynamic" && DDL.test(step.beginning)) {
      locks.push({ level: "ACCESS EXCLUSIVE", relations: [] });
    }
  }
  if (locks.length === 0) return undefined;
  const isUnknown = locks.some(({ relations }) => relations.length === 0);
  return {
    level: strongest(locks.map(({ level }) => level)),
    relations: isUnknown ? [] : locks.flatMap(({ relations }) => relations),
    // Beside a check, in one string, it could not commit.
    inBlock: steps.some(({ kind }) => kind === "transaction") ? "depends" : "allowed",
  };
}

/** `SET [LOCAL] lock_timeout` to something, or set_config of it. That 0 is none is the server's to say. */
function setsTimeout(step: BodyStep): boolean {
  if (step.kind !== "statement") return false;
  const { kind, node } = step.statement;
  if (kind === "VariableSetStmt") {
    const [value] = listMember(node, "args");
    const isZero = value !== undefined && isZeroConstant(value.node);
    return stringMember(node, "name") === "lock_timeout" && value !== undefined && !isZero;
  }
  const [target] = listMember(node, "targetList");
  const call = target === undefined ? undefined : nodeMember(target.node, "val");
  if (call === undefined) return false;
  const isSetConfig = listMember(call, "funcname").some(
    (part) => part.node["sval"] === "set_config",
  );
  const [setting, value] = listMember(call, "args").map((item) => item.node);
  const name = setting && stringMember(nodeMember(setting, "sval") ?? {}, "sval");
  return isSetConfig && name === "lock_timeout" && value !== undefined && !isZeroConstant(value);
}

function isZeroConstant(constant: AstNode): boolean {
  const text = nodeMember(constant, "sval");
  if (text !== undefined) return /^\s*0/.test(stringMember(text, "sval"));
  const number = nodeMember(constant, "ival");
  return number !== undefined && number["ival"] === undefined;
}
