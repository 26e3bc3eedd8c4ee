import assert from "node:assert/strict";

/** Replaces `sql.slice(start, end)` by `text`. Offsets are UTF-16 indexes, not bytes. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** `name`: one identifier exchanged for another. `frame`: text that stands for nothing of the client's. */
  readonly kind: "name" | "frame";
  /** The name that was written is one that nobody has, and this is what its error is to say. */
  readonly failure?: { readonly sqlstate: string; readonly message: string };
  /** The name in a constant, as the server says it of what was sent and of what ran. */
  readonly constant?: { readonly sent: string; readonly ran: string };
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

/**
 * Puts a space wherever an edit's text would run into what stands beside it: in `WHERE"dead"` the
 * quotation mark is all that parts the name from the keyword.
 */
export function keepApart(sql: string, edits: readonly Edit[]): readonly Edit[] {
  let done = 0;
  let before = ""; // The last character of what has been written so far.
  return edits.map((edit, index) => {
    const { start, end } = edit;
    if (start > done) before = sql.slice(start - 1, start);
    let text = runsInto(before, edit.text.slice(0, 1)) ? ` ${edit.text}` : edit.text;
    const isLastHere = edits[index + 1]?.start !== end;
    if (isLastHere && runsInto(text.slice(-1) || before, sql.slice(end, end + 1))) text += " ";
    before = text.slice(-1) || before;
    done = end;
    return text === edit.text ? edit : { ...edit, text };
  });
}

/** Whether two characters side by side can be read as parts of one token, by the server's lexer. */
function runsInto(left: string, right: string): boolean {
  if (right === '"') return left === '"' || left === "&"; // `u&"x"` is an identifier.
  return WORD_PART.test(left) && (WORD_PART.test(right) || right === "'");
}

const WORD_PART = /^[A-Za-z0-9_$\u0080-\uffff]$/;

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
    // What begins where something was taken away began with it.
    if (offset === editedStart && edit.text === "") return { offset: edit.start, edit: undefined };
    shift += edit.text.length - (edit.end - edit.start);
  }
  return { offset: offset - shift, edit: undefined };
}
