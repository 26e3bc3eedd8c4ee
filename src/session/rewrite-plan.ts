import type { Rewrite } from "../rewrite/outcome.ts";
import type { StatementPlan } from "./text-plan.ts";

/** What a rewriting makes of a statement's plan. */
export function ofRewrite(
  rewrite: Rewrite,
): Pick<StatementPlan, "verdict" | "refusal" | "answers" | "touched" | "reliesOnNames"> {
  switch (rewrite.kind) {
    case "untouched":
      return {
        verdict: "pass",
        refusal: undefined,
        answers: undefined,
        touched: [],
        reliesOnNames: false,
      };
    case "edited":
      return {
        verdict: rewrite.edits.length > 0 ? "rewrite" : "pass",
        refusal: undefined,
        answers: rewrite.touched.length > 0 ? rewrite.answers : undefined,
        touched: rewrite.touched.map((relation) => relation.oid),
        reliesOnNames: rewrite.dependsOnPhysical,
      };
    case "refused": {
      const { sqlstate, message, detail, hint, offset } = rewrite;
      return {
        verdict: "refuse",
        refusal: { rule: "window", sqlstate, message, detail, hint, offset },
        answers: undefined,
        touched: [],
        reliesOnNames: false,
      };
    }
  }
}
