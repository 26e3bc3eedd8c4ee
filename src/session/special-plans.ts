import { performance } from "node:perf_hooks";
import { UNREAD_NAMES } from "../sql/name-use.ts";
import type { VersionTag } from "../version/tag.ts";
import type { AnalysisFailure } from "./analysis-thread.ts";
import type { Choice, Dialogue } from "./dialogue.ts";
import type { ErrorFields } from "./pipeline-entry.ts";
import { NO_OUTCOMES, type Refusal, type StatementPlan, type TextPlan } from "./text-plan.ts";

/** The plan of a statement that is too large to be analysed: passed on or refused as a whole. */
export function oversizePlan(dialogue: Dialogue): TextPlan {
  dialogue.context.hits.add("statement_size_max");
  return unseenPlan(dialogue, OVERSIZE);
}

/**
 * The choice for a text that could not be analysed: passed on or refused as a whole, as one that is
 * larger than is analysed.
 */
export function unanalysedChoice(dialogue: Dialogue, text: string, why: AnalysisFailure): Choice {
  dialogue.large.forget();
  if (why === "too_slow") dialogue.context.hits.add("analysis_timeout");
  const plan = unseenPlan(dialogue, { ...UNANALYSED, detail: `${WHY[why]} ${MATTERS}` });
  // It could hold anything.
  if (plan.statements[0]?.refusal === undefined) couldBeAnything(dialogue);
  return choiceOf(plan, text, dialogue.info.tag);
}

function unseenPlan(dialogue: Dialogue, refusal: Refusal): TextPlan {
  const { context, info } = dialogue;
  const mayBeTagged = context.tagging.usesComments && dialogue.windows.length > 0;
  const isNamed = mayBeTagged || !dialogue.naming(info.tag).isEmpty;
  const couldMatter = isNamed || context.policy.onMissing !== "off";
  const isRefused = couldMatter && context.limits.oversize === "reject";
  return wholePlan("(too large to be analysed)", isRefused ? refusal : undefined);
}

/** The plan of what is sent on as it came, without being SQL. */
export function passedPlan(verb: string, normalized: string): TextPlan {
  return wholePlan(normalized, undefined, verb);
}

/** The plan of a FunctionCall: what it calls is known by its OID alone. */
export function functionCallPlan(oid: number): TextPlan {
  return passedPlan("FUNCTION CALL", `(function ${oid})`);
}

/**
 * The choice for a text whose session could not be asked what it needs. The client reads the server's
 * own error, as of a cancel or a `statement_timeout` that met the question in the statement's place.
 */
export function unansweredChoice(
  text: string,
  tag: VersionTag | undefined,
  serverError: ErrorFields | undefined,
): Choice {
  return choiceOf(wholePlan("(not analysed)", { ...UNANSWERED, serverError }), text, tag);
}

/** The choice for a message whose text was not read, or that has none. */
export function unreadChoice({ info }: Dialogue, plan: TextPlan, text = ""): Choice {
  return choiceOf(plan, text, info.tag);
}

/** To be called when a text is sent that was not read: what is known of session and catalog is old. */
export function couldBeAnything(dialogue: Dialogue): void {
  dialogue.forgetSchemas();
  dialogue.hasUnsettledSession = true;
  dialogue.catalogNeed.assume(dialogue.pipeline.endsAsked + 1);
}

function choiceOf(plan: TextPlan, text: string, tag: VersionTag | undefined): Choice {
  return { plan, text, tag, traceId: undefined, startedMs: performance.now(), overheadMs: 0 };
}

function wholePlan(normalized: string, refusal: Refusal | undefined, verb = "UNKNOWN"): TextPlan {
  const statement: StatementPlan = {
    shape: { verb, normalized, fingerprint: "", tables: [], columns: [], names: UNREAD_NAMES },
    facts: undefined,
    verdict: refusal === undefined ? "pass" : "refuse",
    refusal,
    answers: undefined,
    touched: [],
    reliesOnNames: false,
    flips: undefined,
    lock: undefined,
    concern: "none",
    outcomes: NO_OUTCOMES,
  };
  return { statements: [statement], edits: [], ranText: undefined, isWhole: true };
}

const OVERSIZE: Refusal = {
  rule: "statement-size",
  sqlstate: "54000",
  message: "the statement is too large for straddle to analyse",
  detail:
    "It is larger than limits.statement_size_max, and a window or a guard rule could matter to it.",
  hint: "Send values as parameters, raise limits.statement_size_max, or set limits.oversize to pass.",
  offset: undefined,
};

const WHY: Readonly<Record<AnalysisFailure, string>> = {
  too_slow: "To analyse it took longer than limits.analysis_timeout.",
  too_large: "To analyse it took more memory than there is for it.",
  too_many: "Too many large statements wait for it.",
  broken: "The thread that analyses large statements ended.",
};
const MATTERS = "A window or a guard rule could matter to it.";

const UNANALYSED: Refusal = {
  rule: "statement-size",
  sqlstate: "54001",
  message: "the statement is too complex for straddle to analyse",
  detail: "",
  hint: "Send values as parameters, split the statement, or set limits.oversize to pass.",
  offset: undefined,
};

const UNANSWERED: Refusal = {
  rule: "window",
  sqlstate: "0A000",
  message: "straddle could not ask the server which table this statement means",
  detail: "The question for the session's search_path was answered by something else.",
  hint: "Send the statement again.",
  offset: undefined,
};
