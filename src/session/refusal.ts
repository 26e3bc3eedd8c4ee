import type { Refusal } from "./text-plan.ts";

/** The SQLSTATE that `failingSql` makes the server report: invalid_text_representation. */
export const FAILING_SQLSTATE = "22P02";

/**
 * A statement that fails while it is analysed, in the simple as in the extended protocol, and so
 * fails the client's transaction on the server too. A statement that Straddle only answered itself
 * would leave that transaction healthy, and a later COMMIT would commit what came before. The
 * server's log shows the message.
 */
export function failingSql(refusal: Refusal): string {
  const message = refusal.message.replaceAll(/['\\]/g, "").replaceAll(/[^\x20-\x7e]/g, "?");
  return `SELECT 'straddle refused a statement: ${message}'::pg_catalog.int4`;
}

/**
 * The fields of the ErrorResponse that stands for the server's own. `position` counts characters of
 * the client's text from 1.
 */
export function refusalFields(refusal: Refusal, text: string): Map<string, string> {
  if (refusal.serverError !== undefined) return new Map(refusal.serverError);
  const fields = new Map([
    ["S", "ERROR"],
    ["V", "ERROR"],
    ["C", refusal.sqlstate],
    ["M", refusal.message],
    ["D", refusal.detail],
    ["H", refusal.hint],
  ]);
  if (refusal.offset !== undefined) {
    fields.set("P", String([...text.slice(0, refusal.offset)].length + 1));
  }
  fields.set("R", `straddle:${refusal.rule}`);
  return fields;
}

/** A FATAL that Straddle itself sends before it closes a client's connection. */
export function fatalFields(sqlstate: string, message: string, hint = ""): Map<string, string> {
  return new Map([
    ["S", "FATAL"],
    ["V", "FATAL"],
    ["C", sqlstate],
    ["M", message],
    ["H", hint],
    ["R", "straddle"],
  ]);
}
