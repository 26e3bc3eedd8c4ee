import assert from "node:assert/strict";

/** Replaces `sql.slice(start, end)` by `text`. Offsets are UTF-16 indexes, not bytes. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** `name`: one identifier exchanged for another. `frame`: text that stands for nothing of the client's. */
  readonly kind: "name" | "frame";
}

/** Applies edits, sorted and disjoint, in one pass. Text outside the edits is kept as written. */
export function applyEdits(sql: string, edits: readonly Edit[]): string {
  let result = "";
  let done = 0;
  for (const { start, end, text } of edits) {
    assert(done <= start && start <= end && end <= sql.length);
    result += sql.slice(done, start) + text;
    done = end;
  }
  return result + sql.slice(done);
}

/** Where an offset of the edited text stands in the original text, and in which edit it fell. */
export function originalOffset(
  edits: readonly Edit[],
  offset: number,
): { offset: number; edit: Edit | undefined } {
  let shift = 0; // Edited minus original, up to here.
  for (const edit of edits) {
    const editedStart = edit.start + shift;
    if (offset < editedStart) break;
    if (offset < editedStart + edit.text.length) return { offset: edit.start, edit };
    shift += edit.text.length - (edit.end - edit.start);
  }
  return { offset: offset - shift, edit: undefined };
}
