import { applyEdits } from "../sql/edit.ts";
import {
  type ExplainedEdit,
  formatRefusal,
  type RewrittenStatement,
  type RewrittenText,
} from "./rewrite.ts";

/** What would be done to a text and why, for people: `straddle rewrite --explain`. */
export function explainRewriting(text: string, { statements }: RewrittenText): string {
  let done = 0;
  const parts = statements.map((statement, index) => {
    const start = text.indexOf(statement.sql, done);
    done = start + statement.sql.length;
    return explainStatement(text, statement, { number: index + 1, start });
  });
  return parts.join("\n");
}

function explainStatement(
  text: string,
  statement: RewrittenStatement,
  place: { readonly number: number; readonly start: number },
): string {
  const { sql, verdict, edits, names, refusal } = statement;
  const lines = [`statement ${place.number}: ${verdict}`, ...indented(sql)];
  if (verdict === "rewrite") {
    const own = edits.map((edit) => ({
      ...edit,
      start: edit.start - place.start,
      end: edit.end - place.start,
    }));
    lines.push("becomes", ...indented(applyEdits(sql, own)));
  }
  for (const { written, offset, meaning } of names) {
    const at = offset === undefined ? "" : ` (${position(text, offset)})`;
    lines.push(`name ${written}${at}: ${meaning}`);
  }
  for (const edit of edits) lines.push(`edit ${describeEdit(text, edit)}`, `  ${edit.why}`);
  if (refusal === undefined) lines.push(flipLine(statement));
  else {
    const at = refusal.offset === undefined ? "" : ` (${position(text, refusal.offset)})`;
    lines.push(`refused${at}`, ...indented(formatRefusal(refusal).trimEnd()));
  }
  return `${lines.join("\n")}\n`;
}

function describeEdit(text: string, { start, end, text: after }: ExplainedEdit): string {
  const at = position(text, start);
  if (start === end) return `${at}: adds "${after.trim()}"`;
  const before = text.slice(start, end);
  return after === ""
    ? `${at}: takes out "${before}"`
    : `${at}: puts "${after.trim()}" for "${before}"`;
}

function flipLine({ dependsOnPhysical, tables }: RewrittenStatement): string {
  if (tables.length === 0) return "flip: no table under a window is in it; it passes as it is";
  return dependsOnPhysical
    ? "flip: it has the catalog's names in it, so it waits for a rename under way, and is prepared again after one"
    : "flip: it stays right when the names change, also as a prepared statement";
}

function indented(text: string): string[] {
  return text.split("\n").map((line) => `  ${line}`);
}

/** `line:column`, both from 1. */
function position(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return `${line}:${offset - before.lastIndexOf("\n")}`;
}
