import { encodeClose, encodeParse } from "../wire/encode.ts";
import type { Chooser } from "./chooser.ts";
import type { ClientFrame, Step } from "./client-frame.ts";
import type { Choice, Dialogue } from "./dialogue.ts";
import { type Execution, textExecution } from "./execution.ts";
import { leaving, passGate } from "./gate-pass.ts";
import { endOwn, sendOwn } from "./inquiry.ts";
import type { EntryKind, ErrorFields, Outcome } from "./pipeline-entry.ts";
import type { PreparedStatement } from "./prepared-statements.ts";
import { failExtended, firstRefusal } from "./sending.ts";
import type { StatementPlan, TextPlan } from "./text-plan.ts";

/**
 * Keeps prepared statements under the names of now: after a flip the server analyses their texts
 * again and fails with 42703, so they are prepared again before their next use.
 */
export class Freshener {
  readonly #dialogue: Dialogue;
  readonly #chooser: Chooser;

  constructor(dialogue: Dialogue, chooser: Chooser) {
    this.#dialogue = dialogue;
    this.#chooser = chooser;
  }

  /** "fresh", or what became of the client's message that uses the statement. */
  freshen(statement: PreparedStatement, kind: EntryKind, frame: ClientFrame): "fresh" | Step {
    const dialogue = this.#dialogue;
    if (statement.generation === dialogue.generation) return "fresh";
    const choice = this.#chooseAgain(statement);
    if (choice === undefined) return "blocked";
    if (choice === "fresh") return "fresh";
    const refusal = firstRefusal(choice.plan);
    if (refusal !== undefined) {
      const executions = [textExecution(choice, { protocol: "extended" })];
      return failExtended(dialogue, frame, kind, { refusal, executions });
    }
    const pass = this.#pass(statement, choice);
    if (pass === "blocked") return "blocked";
    this.#renew(statement, choice, { leave: leaving(pass), isApart: false });
    return "fresh";
  }

  /**
   * The plan with what SQL's EXECUTE in it runs: statements that the protocol prepared, fresh, and
   * with the answers of their own texts. Undefined while something has to be waited for.
   */
  freshenExecuted(plan: TextPlan): TextPlan | undefined {
    const dialogue = this.#dialogue;
    if (plan.statements.every(({ facts }) => facts?.executes === undefined)) return plan;
    // In a failed transaction nothing can be prepared.
    if (dialogue.status === "E" && dialogue.pipeline.isDrained) return plan;
    const statements: StatementPlan[] = [];
    let isPreparedAgain = false;
    const isApart = dialogue.unsyncedCount === 0;
    for (const each of plan.statements) {
      const name = each.facts?.executes;
      const statement =
        name === undefined ? undefined : dialogue.prepared.statementOfSql(name, dialogue.encoding);
      if (statement === undefined) {
        statements.push(each);
        continue;
      }
      if (statement.generation !== dialogue.generation) {
        const choice = this.#chooseAgain(statement);
        if (choice === undefined) return undefined;
        if (choice !== "fresh" && firstRefusal(choice.plan) === undefined) {
          const pass = this.#pass(statement, choice);
          if (pass === "blocked") return undefined;
          const leave = leaving(pass);
          isPreparedAgain = this.#renew(statement, choice, { leave, isApart }) || isPreparedAgain;
        }
      }
      const { answers, touched = [], reliesOnNames = false } = statement.plan.statements[0] ?? {};
      statements.push({ ...each, answers, touched, reliesOnNames });
    }
    if (isPreparedAgain) endOwn(dialogue, isApart);
    return { ...plan, statements };
  }

  /** Only what is sent may pass the gate: whoever has passed counts as one that has a lock. */
  #pass(statement: PreparedStatement, choice: Choice): ReturnType<typeof passGate> {
    if (!isStale(statement, choice)) return "free";
    return passGate(this.#dialogue, choice.plan, { isExecuted: false });
  }

  /** Prepares a statement again where its text has changed; says whether it did. */
  #renew(statement: PreparedStatement, choice: Choice, how: Renewal): boolean {
    const isPreparedAgain = isStale(statement, choice);
    if (isPreparedAgain) this.#prepareAgain(statement, choice, how);
    statement.plan = choice.plan;
    statement.tag = choice.tag;
    statement.generation = this.#dialogue.generation;
    statement.isLost = false;
    return isPreparedAgain;
  }

  #chooseAgain(statement: PreparedStatement): Choice | "fresh" | undefined {
    if (statement.text === undefined) return "fresh";
    const bytes = Buffer.from(statement.text, this.#dialogue.encoding);
    return this.#chooser.choose(bytes, 0, bytes.length);
  }

  #prepareAgain(statement: PreparedStatement, choice: Choice, { leave, isApart }: Renewal): void {
    const { toServer, pipeline, encoding, context, info } = this.#dialogue;
    const { name, parameterTypes, plan } = statement;
    const text = choice.plan.ranText ?? choice.text;
    const execution = textExecution(choice, { protocol: "extended" });
    const executions = isApart ? [] : [execution];
    const settle = (outcome: Outcome, fields?: ErrorFields) => {
      leave?.(outcome);
      statement.failure = fields === undefined || !isApart ? undefined : { fields, execution };
      if (outcome === "done") return;
      statement.plan = plan;
      statement.generation = -1;
      statement.isLost = true;
    };
    toServer.add(encodeClose("statement", name));
    pipeline.push({ kind: "close", isOwn: true, executions: [] });
    if (statement.by === "sql") {
      const own = executions.map((each) => ({ ...each, isOwn: true }));
      sendOwn(this.#dialogue, text, { executions: own, settle, swallowsError: isApart });
    } else {
      toServer.add(encodeParse(name, text, encoding, parameterTypes));
      pipeline.push({
        kind: "parse",
        isOwn: true,
        executions,
        settle,
        swallowsError: isApart,
      });
    }
    context.observer.recovered(info, "reprepared");
  }
}

interface Renewal {
  readonly leave: ((outcome: Outcome) => void) | undefined;
  /** In a batch of Straddle's own, whose error the client must not read beside that of its own message. */
  readonly isApart: boolean;
}

/**
 * Why the statement that an EXECUTE of SQL names is not there: its preparation failed, which the client has
 * to read in place of the error that the EXECUTE has come to.
 */
export function failureBehind(
  { prepared, encoding }: Dialogue,
  { plan, index }: Execution,
  sqlstate: string,
): PreparedStatement["failure"] {
  if (sqlstate !== UNDEFINED_STATEMENT && sqlstate !== FAILED_TRANSACTION) return undefined;
  const name = plan.statements[index]?.facts?.executes;
  const statement = name === undefined ? undefined : prepared.statementOfSql(name, encoding);
  return statement?.isLost === true ? statement.failure : undefined;
}

const UNDEFINED_STATEMENT = "26000";
const FAILED_TRANSACTION = "25P02";

/** Whether what the server has prepared is not what it should be now. */
function isStale(statement: PreparedStatement, choice: Choice): boolean {
  return statement.isLost || choice.plan.ranText !== statement.plan.ranText;
}
