import { applyEdits, type Edit, keepApart } from "../sql/edit.ts";
import { type Token, tokenize } from "../sql/tokens.ts";
import type { TextPlan } from "./text-plan.ts";

/**
 * The plan of one text, to be laid over texts that differ from it in constants, blanks and comments
 * only: where an application writes its values into its SQL, every text is new, and a parse of each
 * would cost fifty times what all else does.
 */
export interface PlanTemplate {
  readonly plan: TextPlan;
  readonly tokenCount: number;
  readonly edits: readonly AnchoredEdit[];
}

/** An edit by the tokens that it stands at. */
interface AnchoredEdit {
  readonly edit: Edit;
  /** What it takes the place of. */
  readonly replaced: string;
  readonly start: Anchor;
  readonly end: Anchor;
}

/** The start or the end of the token of this index. */
interface Anchor {
  readonly index: number;
  readonly isEnd: boolean;
}

/**
 * A template of a text's plan, for texts with the same key of a scan. Undefined where the plan hangs on
 * more than that (several statements, a lock, a flip), or where there is nothing to rewrite.
 */
export function planTemplate(text: string, plan: TextPlan): PlanTemplate | undefined {
  const [statement, second] = plan.statements;
  if (statement?.verdict !== "rewrite" || second !== undefined) return undefined;
  if (statement.lock !== undefined || statement.flips !== undefined) return undefined;
  const tokens = tokenize(text);
  const edits: AnchoredEdit[] = [];
  for (const edit of plan.edits) {
    const start = anchorOf(tokens, edit.start);
    const end = anchorOf(tokens, edit.end);
    if (start === undefined || end === undefined) return undefined;
    edits.push({ edit, replaced: text.slice(edit.start, edit.end), start, end });
  }
  return { plan, tokenCount: tokens.length, edits };
}

/** The plan of a text with the template's key; undefined where it does not fit after all. */
export function planFrom(template: PlanTemplate, text: string): TextPlan | undefined {
  const tokens = tokenize(text);
  if (tokens.length !== template.tokenCount) return undefined;
  const edits: Edit[] = [];
  for (const { edit, replaced, start, end } of template.edits) {
    const from = offsetOf(tokens, start);
    const to = offsetOf(tokens, end);
    if (text.slice(from, to) !== replaced) return undefined;
    edits.push({ ...edit, start: from, end: to });
  }
  const apart = keepApart(text, edits);
  return { statements: template.plan.statements, edits: apart, ranText: applyEdits(text, apart) };
}

function anchorOf(tokens: readonly Token[], offset: number): Anchor | undefined {
  const index = tokens.findIndex(({ end }) => end >= offset);
  const token = tokens[index];
  if (token?.end === offset) return { index, isEnd: true };
  return token?.start === offset ? { index, isEnd: false } : undefined;
}

function offsetOf(tokens: readonly Token[], { index, isEnd }: Anchor): number {
  const token = tokens[index];
  return (isEnd ? token?.end : token?.start) ?? 0;
}
