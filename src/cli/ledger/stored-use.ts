import type { StoredUse } from "../../control/store-ledger.ts";
import type { UseDelta } from "../../ledger/batch.ts";
import { HIDDEN_NAME, type LedgerName, VERSION_NAME } from "../../ledger/ledger-name.ts";

/** A line of the ledger as the store has it: `*` in the column's place is all of them. */
export function toStored({ tag, name, client: _, ...delta }: UseDelta): StoredUse {
  const { schema, table } = name;
  return {
    app: tag?.app ?? "",
    version: tag?.version ?? "",
    schema,
    table,
    ...delta,
    column: columnOf(name),
  };
}

export function fromStored({ app, version, ...use }: StoredUse): UseDelta {
  const { firstAt, lastAt, count, fingerprints } = use;
  const tag = version === "" ? undefined : { app, version };
  return {
    tag,
    name: nameOf(use),
    count,
    firstAt,
    lastAt,
    fingerprints,
    client: "another instance",
  };
}

// A column can be called anything: a name that begins with one of these gets a quotation mark before it.
function columnOf({ part, column }: LedgerName): string {
  if (part === "row" || part === "hidden") return "*";
  return /^[*"]/.test(column) ? `"${column}` : column;
}

function nameOf({
  schema,
  table,
  column,
}: Pick<StoredUse, "schema" | "table" | "column">): LedgerName {
  if (table === "") return column === "*" ? HIDDEN_NAME : VERSION_NAME;
  if (column === "") return { part: "table", schema, table, column: "" };
  if (column === "*") return { part: "row", schema, table, column: "" };
  const name = column.startsWith('"') ? column.slice(1) : column;
  return { part: "column", schema, table, column: name };
}
