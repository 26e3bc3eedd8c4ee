import assert from "node:assert/strict";
import type { Rewrite } from "../../src/rewrite/outcome.ts";
import { rewriteStatement } from "../../src/rewrite/rewrite.ts";
import { applyEdits } from "../../src/sql/edit.ts";
import { parseSql } from "../../src/sql/parse.ts";
import { Catalog, type Relation } from "../../src/version/catalog.ts";
import { type Naming, namingFor } from "../../src/version/naming.ts";
import type { Window } from "../../src/version/window.ts";
import { THIS_DATABASE } from "../support/server.ts";

/** A window on one table, for versions below and from 2.0.0. */
export function windowOn(
  table: string,
  renameColumns: Readonly<Record<string, string>>,
  renameTable?: string,
): Window {
  return {
    schema: "public",
    table,
    renameTable,
    renameColumns: new Map(Object.entries(renameColumns)),
    old: "<2.0.0",
    new: ">=2.0.0",
    app: undefined,
    closes: undefined,
  };
}

/** A table of a catalog; a column "-" is a dropped one. */
export function table(oid: number, name: string, columns: string, schema = "public"): Relation {
  const names = columns.split(" ");
  return {
    oid,
    schema,
    name,
    kind: "r",
    columns: names.flatMap((column, index) =>
      column === "-" ? [] : [{ name: column, attnum: index + 1 }],
    ),
  };
}

export interface Setting {
  readonly catalog: Catalog;
  readonly naming: Naming;
  readonly searchPath: readonly string[];
}

export const WINDOWS: readonly Window[] = [
  windowOn("orders", { user_id: "customer_id" }),
  windowOn("invoices", { nr: "number", "Payer Id": "payer" }),
  windowOn("person", {}, "people"),
  windowOn("parted", { user_id: "customer_id" }),
];

/** After the flip, seen by the old version: the database has the new names. */
export const V1 = setting("1.0.0");
/** After the flip, seen by the new version: everything has the name that it uses. */
export const V2 = setting("2.0.0");

function setting(version: string): Setting {
  const catalog = new Catalog(
    [
      table(1, "orders", "id customer_id total note"),
      table(2, "invoices", "id - number total - payer rest"),
      table(3, "people", "id name boss_id"),
      table(4, "items", "id order_id customer_id sku"),
      table(5, "users", "user_id name"),
      table(6, "orders", "id user_id other", "archive"),
      table(7, "plain", "id total label"),
      table(8, "parted", "id customer_id"),
    ],
    1,
    "shop",
  );
  return {
    catalog,
    naming: namingFor({ app: "shop", version }, WINDOWS, catalog),
    searchPath: ["pg_catalog", "public"],
  };
}

/** Rewrites a text of one statement. The parser has to be loaded. */
export function rewrite(text: string, place: Setting): Rewrite {
  const parsed = parseSql(text);
  assert(parsed.kind === "parsed", `does not parse: ${text}`);
  const [statement] = parsed.statements;
  assert(statement !== undefined);
  return rewriteStatement({ text, statement, database: THIS_DATABASE, ...place });
}

/** What becomes of a text, in the words of a test table. */
export function rewritten(text: string, place: Setting): Omit<RewriteCase, "before"> {
  const result = rewrite(text, place);
  if (result.kind === "refused") {
    return {
      refused: `${result.sqlstate} ${result.detail === "" ? result.message : result.detail}`,
    };
  }
  const after = result.kind === "edited" ? applyEdits(text, result.edits) : text;
  return { after: after === text ? "=" : after };
}

/** One row of a table: SQL as sent, and as run ("=" for the same), or SQLSTATE and DETAIL of the refusal. */
export interface RewriteCase {
  readonly before: string;
  readonly after?: string;
  readonly refused?: string;
}
