import type { Concern } from "../guard/concern.ts";
import type { GuardOutcome } from "../guard/guard-settings.ts";
import type { Lock } from "../guard/locks.ts";
import type { Answers } from "../rewrite/answers.ts";
import type { Edit } from "../sql/edit.ts";
import type { StatementShape } from "../sql/shape.ts";
import type { StatementFacts } from "../sql/statement.ts";
import type { Verdict } from "./observer.ts";

/** Why Straddle fails a statement, in the words of an ErrorResponse. */
export interface Refusal {
  /** For audit and metrics: `window`, `lock-timeout`, `version`, ... */
  readonly rule: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
  /** UTF-16 index in the client's text. */
  readonly offset: number | undefined;
  /** What the server said to a question of Straddle's own: it is shown in place of all of the above. */
  readonly serverError?: ReadonlyMap<string, string> | undefined;
}

/** What is to happen with one statement of a text. */
export interface StatementPlan {
  readonly shape: StatementShape;
  /** Undefined where the text could not be parsed. */
  readonly facts: StatementFacts | undefined;
  readonly verdict: Verdict;
  readonly refusal: Refusal | undefined;
  /** How to turn the server's words back; undefined where no windowed relation is touched. */
  readonly answers: Answers | undefined;
  /** OIDs of the windowed relations in it. */
  readonly touched: readonly number[];
  /** The text relies on their physical names of the moment: it fails once those have changed. */
  readonly reliesOnNames: boolean;
  /** The relation whose windowed rename this statement carries out. */
  readonly flips: number | undefined;
  /** What it locks, where the guard has to see to it. */
  readonly lock: Lock | undefined;
  /** What the guard's rules have to do with it. */
  readonly concern: Concern;
  /** What they had to say of it. */
  readonly outcomes: readonly GuardOutcome[];
}

/** Of most statements. */
export const NO_OUTCOMES: readonly GuardOutcome[] = [];

/** What is to happen with one text: the body of a Query or a Parse. */
export interface TextPlan {
  readonly statements: readonly StatementPlan[];
  /** Exchanged names; sorted. Empty where the text goes on as it came. */
  readonly edits: readonly Edit[];
  /** The edited text; undefined where there are no edits. */
  readonly ranText: string | undefined;
  /** Refused as a whole: its one statement stands for all of the text. */
  readonly isWhole?: boolean;
}

/** The same plan, of which the guard sees nothing. */
export function withoutLocks(plan: TextPlan): TextPlan {
  const statements = plan.statements.map((each) => ({
    ...each,
    lock: undefined,
    concern: "none" as const,
  }));
  return { ...plan, statements };
}
