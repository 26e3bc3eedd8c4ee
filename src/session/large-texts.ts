import type { Scan } from "../sql/scan.ts";
import type { VersionTag } from "../version/tag.ts";
import type { AnalysisQuestion } from "./analysis.ts";
import type { AnalysisFailure, AnalysisResult } from "./analysis-thread.ts";
import type { Look, PlanInput } from "./decider.ts";
import type { SessionContext } from "./session-context.ts";
import type { TextPlan } from "./text-plan.ts";

/** `waiting`: the same text comes again, by `resume`. */
export type Pending = "waiting" | { readonly why: AnalysisFailure };

/**
 * What one session has asked the other thread about the text at hand, and what it said. The text waits
 * meanwhile, and with it all that its client sends behind it; other sessions go on.
 */
export class LargeTexts {
  /** An answer is on its way. */
  isWaiting = false;
  readonly #context: SessionContext;
  readonly #resume: () => void;
  #question = "";
  #result: AnalysisResult | undefined;
  /** Of the text at hand, also where it is too large for the cache. */
  #look: { readonly key: string; readonly look: Look } | undefined;
  #callOff: (() => void) | undefined;

  constructor(context: SessionContext, resume: () => void) {
    this.#context = context;
    this.#resume = resume;
  }

  /** Whether a text of so many bytes is analysed in the other thread. */
  takes(size: number): boolean {
    return size >= this.#context.limits.workerSizeMin && this.#context.analysis !== undefined;
  }

  look(scan: Scan, text: () => string): Look | Pending {
    const { decider, policy, rules } = this.#context;
    if (this.#look?.key === scan.key) return this.#look.look;
    const known = decider.knownLook(scan);
    if (known !== undefined) return known;
    const result = this.#answer(`look\0${scan.key}`, () => ({
      kind: "look",
      text: text(),
      policy,
      rules,
    }));
    if (result === undefined) return "waiting";
    if (result.kind === "failed") return result;
    if (result.kind !== "look") return { why: "broken" };
    decider.keepLook(scan, result.look);
    this.#look = { key: scan.key, look: result.look };
    return result.look;
  }

  plan(input: PlanInput, tag: VersionTag | undefined): TextPlan | Pending {
    const { decider, policy, rules } = this.#context;
    const known = decider.knownPlan(input);
    if (known !== undefined) return known;
    const { text, scan, naming, windows, searchPath } = input;
    const names = [naming.id, input.catalog.epoch, ...searchPath].join("\0");
    const result = this.#answer(`plan\0${names}\0\0${text}`, () => ({
      kind: "plan",
      text,
      scan,
      policy,
      rules,
      tag,
      windows,
      searchPath,
    }));
    if (result === undefined) return "waiting";
    if (result.kind === "failed") return result;
    if (result.kind !== "plan") return { why: "broken" };
    decider.keepPlan(input, result.plan);
    return result.plan;
  }

  /** The session is over, or the text is decided on. */
  forget(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#question = "";
    this.#result = undefined;
    this.#look = undefined;
    this.isWaiting = false;
  }

  #answer(key: string, question: () => AnalysisQuestion): AnalysisResult | undefined {
    if (this.#question === key) return this.#result;
    this.#callOff?.();
    this.#result = undefined;
    const { analysis, catalog } = this.#context;
    if (analysis === undefined) return { kind: "failed", why: "broken" };
    this.#question = key;
    this.isWaiting = true;
    this.#callOff = analysis.ask(question(), catalog, (result) => {
      this.#result = result;
      this.isWaiting = false;
      this.#callOff = undefined;
      this.#resume();
    });
    return undefined;
  }
}
