import { performance } from "node:perf_hooks";
import type { VersionTag } from "../version/tag.ts";
import type { Choice } from "./dialogue.ts";
import type { StatementRecord } from "./observer.ts";
import type { PreparedStatement } from "./prepared-statements.ts";
import type { TextPlan } from "./text-plan.ts";

/** One statement on its way through the server: what a reply means, and what to record of it. */
export interface Execution {
  /** The plan of the whole text, and which of its statements this is. */
  readonly plan: TextPlan;
  readonly index: number;
  /** Straddle's own statement inside the client's string: its reply is swallowed. */
  readonly isOwn: boolean;
  readonly protocol: StatementRecord["protocol"];
  readonly sentText: string;
  readonly tag: VersionTag | undefined;
  /** The client's Bind, where parameters are recorded. */
  readonly bind: Buffer | undefined;
  readonly traceId: string | undefined;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** `performance.now()`. */
  readonly startedMs: number;
  readonly overheadMs: number;
  /** The most rows that the Execute asks for; 0 is all. */
  readonly rowsMax: number;
}

/** A statement of a text that was just decided on. */
export function textExecution(
  choice: Choice,
  part: {
    readonly plan?: TextPlan;
    readonly index?: number;
    readonly isOwn?: boolean;
    readonly protocol: Execution["protocol"];
  },
): Execution {
  const { plan = choice.plan, index = 0, isOwn = false, protocol } = part;
  return {
    plan,
    index,
    isOwn,
    protocol,
    sentText: choice.text,
    tag: choice.tag,
    bind: undefined,
    traceId: choice.traceId,
    startedAt: Date.now(),
    startedMs: choice.startedMs,
    overheadMs: choice.overheadMs,
    rowsMax: 0,
  };
}

/** A use of a statement that was prepared before. */
export function preparedExecution(
  statement: PreparedStatement,
  use: {
    /** The statement's plan, as the guard left it. */
    readonly plan?: TextPlan;
    readonly bind?: Buffer | undefined;
    readonly rowsMax?: number;
  } = {},
): Execution {
  return {
    plan: use.plan ?? statement.plan,
    index: 0,
    isOwn: false,
    protocol: "extended",
    sentText: statement.text ?? "",
    tag: statement.tag,
    bind: use.bind,
    traceId: statement.traceId,
    startedAt: Date.now(),
    startedMs: performance.now(),
    overheadMs: 0,
    rowsMax: use.rowsMax ?? 0,
  };
}

/** Whether its text fails once the names in it have changed. */
export function reliesOnNames(execution: Execution | undefined): boolean {
  return execution?.plan.statements[execution.index]?.reliesOnNames === true;
}

/** The number at the end of a command tag: `INSERT 0 5` is 5, `BEGIN` is 0. */
export function rowsOfTag(buffer: Buffer, start: number, end: number): number {
  let value = 0;
  let factor = 1;
  // The tag ends in a NUL; digits are read from behind.
  for (let position = end - 2; position >= start; position--) {
    const digit = (buffer[position] as number) - 48;
    if (digit < 0 || digit > 9) break;
    value += digit * factor;
    factor *= 10;
  }
  return value;
}
