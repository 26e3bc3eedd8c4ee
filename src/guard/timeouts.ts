import { type AstNode, listMember, nodeMember, stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";

/** `lock_timeout` and `statement_timeout` as a text has set them, in milliseconds. */
export interface Timeouts {
  readonly lockTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
}

export const NO_TIMEOUTS: Timeouts = { lockTimeoutMs: undefined, statementTimeoutMs: undefined };

interface BothTimeouts {
  readonly session: Timeouts;
  readonly local: Timeouts;
}

const MEMBERS: Readonly<Record<string, keyof Timeouts>> = {
  lock_timeout: "lockTimeoutMs",
  statement_timeout: "statementTimeoutMs",
};

/** After SET, SET LOCAL, RESET and SELECT set_config(...) of constants. */
export function timeoutsAfter(before: BothTimeouts, statement: ParsedStatement): BothTimeouts {
  const { session, local } = before;
  const { kind, node } = statement;
  if (kind === "VariableSetStmt") {
    if (stringMember(node, "kind") === "VAR_RESET_ALL") {
      return { session: NO_TIMEOUTS, local: NO_TIMEOUTS };
    }
    const member = MEMBERS[stringMember(node, "name").toLowerCase()];
    if (member === undefined) return { session, local };
    const [value] = listMember(node, "args");
    const timeout = value === undefined ? undefined : milliseconds(value.node);
    if (node["is_local"] === true) return { session, local: { ...local, [member]: timeout } };
    return { session: { ...session, [member]: timeout }, local: { ...local, [member]: undefined } };
  }
  const call = kind === "SelectStmt" ? onlyCall(node) : undefined;
  const member = call && MEMBERS[call.setting];
  if (call === undefined || member === undefined) return { session, local };
  const changed = { [member]: call.timeout };
  return call.isLocal
    ? { session, local: { ...local, ...changed } }
    : { session: { ...session, ...changed }, local };
}

function onlyCall(node: AstNode) {
  const [target] = listMember(node, "targetList");
  const call = target === undefined ? undefined : nodeMember(target.node, "val");
  if (call === undefined) return undefined;
  const isSetConfig = listMember(call, "funcname").some(
    ({ node: part }) => part["sval"] === "set_config",
  );
  const [setting, value, isLocal] = listMember(call, "args").map((item) => item.node);
  if (!isSetConfig || setting === undefined || value === undefined) return undefined;
  return {
    setting: textOf(setting).toLowerCase(),
    timeout: milliseconds(value),
    isLocal: nodeMember(isLocal ?? {}, "boolval")?.["boolval"] === true,
  };
}

function textOf(constant: AstNode): string {
  return stringMember(nodeMember(constant, "sval") ?? {}, "sval");
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `'2s'`, `'2000'` and 2000; undefined for what is no constant of a time. */
function milliseconds(constant: AstNode): number | undefined {
  const integer = nodeMember(constant, "ival");
  if (integer !== undefined) return Number(integer["ival"] ?? 0);
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/.exec(textOf(constant)) ?? [];
  const factor = UNITS[unit ?? "?"];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
