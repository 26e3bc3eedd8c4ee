import type { StatementFacts } from "../sql/statement.ts";
import type { Window } from "../version/window.ts";
import type { StatementPlan } from "./text-plan.ts";

/**
 * What schema changes that the catalog does not show yet mean for names. `windowed`: a windowed table may
 * be another one, or have other columns. `elsewhere`: another relation may have other columns, so
 * that a bare name beside it may be another column's.
 */
export type UncommittedDdl = "none" | "elsewhere" | "windowed";

/** What these run can't be seen, any more than what a function does; the poll finds out. */
const RUNS_UNSEEN: ReadonlySet<string> = new Set(["DoStmt", "CallStmt"]);

export function changesCatalogInSight({ changesCatalog, parsed }: StatementFacts): boolean {
  return changesCatalog && !RUNS_UNSEEN.has(parsed.kind);
}

/** The state behind a statement. */
export function afterStatement(
  before: UncommittedDdl,
  facts: StatementFacts,
  windows: readonly Window[],
): UncommittedDdl {
  if (before === "windowed" || !changesCatalogInSight(facts)) return before;
  return facts.changesUnnamed || namesWindowed(facts, windows) ? "windowed" : "elsewhere";
}

/** Whether a statement can't be told the meaning of; `mentions`: a name of a window is in it. */
export function isUnsettled(ddl: UncommittedDdl, plan: StatementPlan, mentions: boolean): boolean {
  switch (ddl) {
    case "none":
      return false;
    case "elsewhere":
      return plan.reliesOnNames && plan.shape.tables.length > 1;
    case "windowed":
      return plan.answers !== undefined || (mentions && readsRows(plan));
  }
}

/** Whether it is a query, or has one in it: what it is about are rows, not the schema. */
export function readsRows({ facts }: StatementPlan): boolean {
  return facts !== undefined && QUERIES.has(facts.parsed.kind);
}

const QUERIES: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "CopyStmt",
  "ExplainStmt",
  "DeclareCursorStmt",
  "PrepareStmt",
  "CreateTableAsStmt",
  "ViewStmt",
]);

function namesWindowed({ identifiers }: StatementFacts, windows: readonly Window[]): boolean {
  return windows.some(
    ({ table, renameTable }) =>
      identifiers.has(table) || (renameTable !== undefined && identifiers.has(renameTable)),
  );
}
