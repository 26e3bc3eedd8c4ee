import { performance } from "node:perf_hooks";
import type { VersionTag } from "../version/tag.ts";
import type { Choice, Dialogue } from "./dialogue.ts";
import type { Refusal, StatementPlan, TextPlan } from "./text-plan.ts";

/** The plan of a statement that is too large to be analysed: passed on or refused as a whole. */
export function oversizePlan(dialogue: Dialogue): TextPlan {
  const { context, info } = dialogue;
  context.hits.add("statement_size_max");
  const mayBeTagged = context.tagging.usesComments && dialogue.windows.length > 0;
  const isNamed = mayBeTagged || !dialogue.naming(info.tag).isEmpty;
  const couldMatter = isNamed || context.policy.onMissing !== "off";
  const isRefused = couldMatter && context.limits.oversize === "reject";
  return wholePlan("(too large to be analysed)", isRefused ? OVERSIZE : undefined);
}

/** The choice for a text whose session could not be asked what it needs. */
export function unansweredChoice(text: string, tag: VersionTag | undefined): Choice {
  const plan = wholePlan("(not analysed)", UNANSWERED);
  return { plan, text, tag, traceId: undefined, startedMs: performance.now(), overheadMs: 0 };
}

function wholePlan(normalized: string, refusal: Refusal | undefined): TextPlan {
  const statement: StatementPlan = {
    shape: { verb: "UNKNOWN", normalized, fingerprint: "", tables: [], columns: [] },
    facts: undefined,
    verdict: refusal === undefined ? "pass" : "refuse",
    refusal,
    answers: undefined,
    touched: [],
    reliesOnNames: false,
    flips: undefined,
    lock: undefined,
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

const UNANSWERED: Refusal = {
  rule: "window",
  sqlstate: "0A000",
  message: "straddle could not ask the server which table this statement means",
  detail: "The question for the session's search_path failed or was cancelled.",
  hint: "Send the statement again.",
  offset: undefined,
};
