import { doubtAfter } from "../guard/doubted-names.ts";
import { type Finding, judgeStatement } from "../guard/judge.ts";
import { KnownFacts } from "../guard/known-facts.ts";
import { overridesIn } from "../guard/overrides.ts";
import { type Occasion, policyFor } from "../guard/policies.ts";
import type { RefusalText } from "../guard/refusal-text.ts";
import { readRelationAnswer, relationInquiry } from "../guard/relation-inquiry.ts";
import { memoryAfter, type TransactionMemory } from "../guard/transaction-memory.ts";
import { describeStatements, type StatementFacts } from "../sql/statement.ts";
import { encodeNoticeResponse } from "../wire/encode.ts";
import type { Dialogue } from "./dialogue.ts";
import { withoutExecutedDdl } from "./executed-ddl.ts";
import { inquire, type Rows } from "./inquiry.ts";
import { judgedPlan, type Ruling, reasonFor, unaskedPlan } from "./judged-plan.ts";
import { physicalName } from "./physical-lock.ts";
import type { ErrorFields } from "./pipeline-entry.ts";
import type { TextPlan } from "./text-plan.ts";

/** A text and its plan. */
interface Judged {
  readonly plan: TextPlan;
  readonly text: string;
}

/** What is being found out about the text at hand. */
interface Trial {
  readonly text: string;
  readonly facts: KnownFacts;
  readonly statements: readonly StatementFacts[];
  /** The ledger has yet to tell who uses what. */
  isUsageAsked: boolean;
  roundCount: number;
  /** Undefined until nothing more is to be asked. */
  ruling: Ruling | undefined;
  /** The server did not answer; what it said instead. */
  failure: { readonly error: ErrorFields | undefined } | undefined;
}

/** A fact can lead to a question for another: an index to its table, a table to its partitions. */
const ROUNDS_MAX = 4;

/**
 * The guard's rules in a live session: which texts they are asked about, what of the server they need
 * to know for that, and what they make of a text's plan. For all other texts it costs one look at their
 * plan.
 */
export class RuleJudge {
  readonly #dialogue: Dialogue;
  #trial: Trial | undefined;
  #warnings: readonly RefusalText[] = [];

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  /**
   * The plan as the rules leave it; undefined while the server is asked, or the way to asking it is not
   * clear yet. In the extended protocol it is asked at each Bind: a Parse changes nothing.
   */
  judge({ plan: chosen, text }: Judged): TextPlan | undefined {
    const plan = withoutExecutedDdl(chosen, this.#dialogue);
    return this.#judge({ plan, text });
  }

  #judge(judged: Judged): TextPlan | undefined {
    const dialogue = this.#dialogue;
    this.#warnings = [];
    if (!this.#isConcerned(judged.plan)) return judged.plan;
    if (this.#trial?.text !== judged.text) {
      // In the data of a COPY the server takes no statement at all.
      if (dialogue.pipeline.isCopyIn) return judged.plan;
      if (!dialogue.pipeline.isDrained) {
        dialogue.waitForDrain();
        return undefined;
      }
      if (dialogue.status === "E" && dialogue.exit === undefined) return judged.plan;
      this.#trial = this.#open(judged.text);
      this.#askUsage(this.#trial);
    }
    const trial = this.#trial;
    if (trial.isUsageAsked) return undefined;
    if (trial.failure !== undefined) return this.#unasked(judged.plan, trial.failure.error);
    trial.ruling ??= this.#rule(trial, judged.plan);
    if (trial.ruling === undefined) return undefined;
    const { plan, warnings } = judgedPlan(judged.plan, trial.ruling);
    this.#warnings = warnings;
    return plan;
  }

  /** The judged text is being sent: its client is told what the rules warn of. */
  sent(): void {
    const trial = this.#trial;
    if (trial === undefined) return;
    this.#trial = undefined;
    const { toClient, encoding } = this.#dialogue;
    const least = trial.facts.settings?.leastNotice ?? "";
    if (ABOVE_WARNING.includes(least)) return;
    for (const { message, detail, hint } of this.#warnings) {
      const fields = { S: "WARNING", V: "WARNING", C: "01000", M: message, D: detail, H: hint };
      toClient.add(encodeNoticeResponse(new Map(Object.entries(fields)), encoding));
    }
    this.#warnings = [];
  }

  #isConcerned(plan: TextPlan): boolean {
    if (plan.isWhole === true) return false;
    const { watch, context } = this.#dialogue;
    if (watch.isLocking && context.rules.length > 0) return true;
    for (const { concern } of plan.statements) if (concern === "rules") return true;
    return false;
  }

  #open(text: string): Trial {
    const { context, info, windows, serverVersion } = this.#dialogue;
    const lookup = { naming: this.#dialogue.naming(info.tag), catalog: context.catalog };
    const searchPath = this.#dialogue.schemas ?? this.#dialogue.lastSchemas;
    const facts = new KnownFacts({
      serverVersion,
      bytesPerSecond: context.guard.bytesPerSecond,
      windows,
      now: Date.now(),
      physical: (name) => {
        const { physical } = physicalName(name, { ...lookup, searchPath });
        return physical ?? name;
      },
    });
    const { statements } = describeStatements(text);
    const isUsageAsked = info.database === context.database;
    const open = { roundCount: 0, ruling: undefined, failure: undefined };
    return { text, facts, statements, isUsageAsked, ...open };
  }

  #askUsage(trial: Trial): void {
    if (!trial.isUsageAsked) return;
    const { context, controls } = this.#dialogue;
    context.usage((usage) => {
      trial.facts.usage = usage;
      trial.isUsageAsked = false;
      // At once: nothing waits for it yet, and nothing is resumed.
      if (this.#trial === trial) controls.resumeClient();
    });
  }

  /** Undefined where the server has to be asked first. */
  #rule(trial: Trial, plan: TextPlan): Ruling | undefined {
    const { facts, text, statements } = trial;
    const { status, watch, hasBound, context, info } = this.#dialogue;
    const { allowRoles, mode } = context.guard;
    const parsed = statements.map((each) => each.parsed);
    const overrides = overridesIn(text, parsed, facts.settings?.allow);
    const mayOverride = allowRoles.includes("*") || allowRoles.includes(info.user);
    const isRefused = (each: Finding) =>
      each.severity === "block" && reasonFor({ overrides, mayOverride }, each) === undefined;
    const isInBlock = status === "T" || hasBound || statements.length > 1;
    const { policies } = context.guard;
    const occasion = this.#occasion(facts.now);
    const remembered = watch.after(facts);
    let memory: TransactionMemory = { ...remembered, isInBlock };
    const findings: Finding[] = [];
    facts.doubtNothing();
    for (const [index, statement] of parsed.entries()) {
      if (plan.statements[index]?.refusal !== undefined) break;
      const policy =
        policies.length === 0
          ? context.guard.policy
          : policyFor(context.guard, occasion, { statement, facts });
      findings.push(...judgeStatement({ statement, text, memory, facts, policy }, index));
      // It fails, and what comes behind it in the text does not run.
      if (mode === "enforce" && findings.some(isRefused)) break;
      const after = memoryAfter(memory, statement, facts);
      memory = { ...after, isInBlock: after.isInBlock || statements.length > 1 };
      facts.doubt(doubtAfter(statement));
    }
    // What the session overrides, and whether it wants to read of a warning.
    const hasLock = plan.statements.some(({ lock }) => lock !== undefined);
    if (findings.length > 0 || hasLock) facts.wantSettings();
    if (facts.wanted === undefined || trial.roundCount >= ROUNDS_MAX) {
      watch.take(remembered);
      return { findings, overrides, facts: statements, mode, mayOverride };
    }
    trial.roundCount += 1;
    this.#ask(trial);
    return undefined;
  }

  #occasion(now: number): Occasion {
    const { info, schemas, lastSchemas } = this.#dialogue;
    const schema = (schemas ?? lastSchemas).find((each) => !each.startsWith("pg_")) ?? "public";
    return { database: info.database, role: info.user, app: info.tag?.app, now, schema };
  }

  #ask(trial: Trial): void {
    const dialogue = this.#dialogue;
    // Nothing but Parse, Describe and Close can stand before it: there is nothing to commit.
    if (!dialogue.hasBound) dialogue.unsyncedCount = 0;
    const names = trial.facts.wanted?.names ?? [];
    inquire(dialogue, relationInquiry(names), (rows, error) => {
      this.#answered(trial, rows, error);
      dialogue.controls.resumeClient();
    });
  }

  #answered(trial: Trial, rows: Rows | undefined, error: ErrorFields | undefined): void {
    const answer = rows && readRelationAnswer(rows);
    if (answer !== undefined) trial.facts.learn(answer);
    // Else the server throws away the text, too: an error before it in its batch.
    else if (this.#dialogue.pipeline.isSkipping) trial.ruling = NO_RULING;
    else trial.failure = { error };
  }

  #unasked(plan: TextPlan, error: ErrorFields | undefined): TextPlan {
    return this.#dialogue.context.guard.mode === "observe" ? plan : unaskedPlan(plan, error);
  }
}

/** Of a text that the server throws away. */
const NO_RULING: Ruling = {
  findings: [],
  overrides: overridesIn("", [], undefined),
  facts: [],
  mode: "enforce",
  mayOverride: false,
};

/** Values of `client_min_messages` for which a client gets no warning. */
const ABOVE_WARNING: readonly string[] = ["error", "fatal", "panic"];
