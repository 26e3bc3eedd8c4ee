import { UNREAD_NAMES } from "../sql/name-use.ts";
import type { StatementFacts } from "../sql/statement.ts";
import { NO_OUTCOMES, type Refusal, type StatementPlan } from "./text-plan.ts";

/** The plan that stands for a text that can't be parsed: the server says what is wrong with it. */
export function unparsed(text: string): StatementPlan {
  return {
    shape: {
      verb: "UNKNOWN",
      normalized: `(unparsable, ${text.length} characters)`,
      fingerprint: "",
      tables: [],
      columns: [],
      names: UNREAD_NAMES,
    },
    facts: undefined,
    verdict: "pass",
    refusal: undefined,
    answers: undefined,
    touched: [],
    reliesOnNames: false,
    flips: undefined,
    lock: undefined,
    concern: "none",
    outcomes: NO_OUTCOMES,
  };
}

export function unsettled(by: StatementFacts): Refusal {
  return {
    rule: "window",
    sqlstate: "0A000",
    message: "straddle cannot tell which table this statement means",
    detail: `${by.shape.verb} earlier in the same string can change it, and a rename window is open.`,
    hint: "Send the statements one by one.",
    offset: undefined,
  };
}

/** PREPARE is kept with the text that it stands in, to be sent again under other names. */
export function preparedAmongOthers(): Refusal {
  return {
    rule: "window",
    sqlstate: "0A000",
    message: "straddle cannot prepare this statement together with others",
    detail: "A name in it is being renamed, and PREPARE has to be run again then, on its own.",
    hint: "Send the PREPARE by itself.",
    offset: undefined,
  };
}

export function tooComplex(message: string): Refusal {
  return {
    rule: "window",
    sqlstate: "0A000",
    message: "straddle cannot analyse this statement",
    detail: `${message}. A rename window is open, so it is not passed on unseen.`,
    hint: "Split the statement into smaller ones.",
    offset: undefined,
  };
}
