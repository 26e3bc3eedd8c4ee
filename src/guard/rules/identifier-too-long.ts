import { identifierName, tokenize } from "../../sql/tokens.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const identifierTooLong: Rule = {
  id: "identifier-too-long",
  group: "later",
  severity: "warn",
  why:
    "Names are cut at 63 bytes, and the server says so in a NOTICE only. Two names that differ behind that " +
    "are one, and tools that compare names with the catalog don't find theirs.",
  instead: "A name of at most 63 bytes.",
  refused:
    "CREATE INDEX CONCURRENTLY orders_customer_id_and_shop_id_and_placed_at_and_delivered_at_idx ON orders (id)",
  allowed: "CREATE INDEX CONCURRENTLY orders_customer_shop_idx ON orders (customer_id, shop_id)",
  check,
};

const BYTES_MAX = 63;

/** Names in queries are looked up, or name an output: cutting them does no harm. */
const QUERIES: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "CopyStmt",
  "ExplainStmt",
  "PrepareStmt",
  "ExecuteStmt",
  "DeclareCursorStmt",
  "DoStmt",
]);

function check({ statement, text }: Subject): readonly Problem[] {
  const { kind, start, end } = statement;
  if (QUERIES.has(kind)) return [];
  return tokenize(text).flatMap((token) => {
    const isIdentifier = token.kind === "identifier" || token.kind === "quoted_identifier";
    if (token.start < start || token.end > end || !isIdentifier) return [];
    const name = writtenName(text.slice(token.start, token.end));
    if (Buffer.byteLength(name) <= BYTES_MAX) return [];
    const cut = identifierName(text, token);
    return [
      {
        message: `the name ${name} is longer than ${BYTES_MAX} bytes`,
        detail: `The server cuts it to ${cut}, with no more than a NOTICE. Another name that begins the same is the same name.`,
        hint: `Give it a name of at most ${BYTES_MAX} bytes.`,
        offset: token.start,
      },
    ];
  });
}

/** Of `U&"..."`, in which escapes stand for characters, nothing. */
function writtenName(token: string): string {
  if (/^U&/i.test(token)) return "";
  return token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token;
}
