import { quoteIdentifier } from "../../sql/tokens.ts";
import type { RelationName } from "../relation-name.ts";
import { defaultName } from "./object-names.ts";

/**
 * NOT NULL without reading the table under a strong lock: PostgreSQL takes a CHECK that is validated as
 * proof (since 12), and the check goes when it has done its work. `head`: `ALTER TABLE t`.
 */
export function setNotNull(head: string, table: RelationName, column: string): readonly string[] {
  const quoted = quoteIdentifier(column);
  const parts = { table: table.name, columns: [column], label: "present" };
  const proof = quoteIdentifier(defaultName(parts, new Set()));
  return [
    `${head} ADD CONSTRAINT ${proof} CHECK (${quoted} IS NOT NULL) NOT VALID`,
    `${head} VALIDATE CONSTRAINT ${proof}`,
    `${head} ALTER COLUMN ${quoted} SET NOT NULL`,
    `${head} DROP CONSTRAINT ${proof}`,
  ];
}
