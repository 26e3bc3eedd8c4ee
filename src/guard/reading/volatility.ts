import { type AstNode, nameMember, walk } from "../../sql/ast.ts";

/**
 * Functions of the server's own that give one answer for a whole statement, so that a new column's
 * default is worked out once and the table is not written anew. What is not named here may be volatile.
 */
export const NOT_VOLATILE: ReadonlySet<string> = new Set(
  (
    "abs age array_append array_cat array_fill array_remove array_to_string ascii btrim ceil chr concat " +
    "concat_ws current_database current_schema current_setting date_part date_trunc decode encode extract " +
    "floor format initcap int4range int8range json_build_array json_build_object jsonb_build_array " +
    "jsonb_build_object left length lower lpad ltrim make_date make_interval make_time " +
    "make_timestamp make_timestamptz md5 now numrange pg_backend_pid quote_literal regexp_replace repeat " +
    "replace reverse right round rpad rtrim sha256 split_part statement_timestamp strpos substr substring " +
    "string_to_array timezone to_char to_date to_json to_jsonb to_number to_timestamp transaction_timestamp " +
    "translate trunc tsrange tstzrange upper"
  ).split(" "),
);

/** The first function called anywhere in a node that is volatile, or may be; undefined if there is none. */
export function volatileCall(node: AstNode): string | undefined {
  let found: string | undefined;
  walk(node, (type, inner) => {
    if (type !== "FuncCall" || found !== undefined) return;
    const parts = nameMember(inner, "funcname");
    const name = parts.at(-1) ?? "";
    const isOwn = parts.length === 1 || parts[0] === "pg_catalog";
    if (!isOwn || !NOT_VOLATILE.has(name)) found = parts.join(".");
  });
  return found;
}
