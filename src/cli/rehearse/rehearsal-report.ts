import { formatTag } from "../../version/tag.ts";
import type { Window } from "../../version/window.ts";
import type { DistinctStatement } from "./distinct-statements.ts";
import type { Judgement, Problem, Verdict } from "./rehearsal.ts";
import type { Missing } from "./schema-copy.ts";
import type { State } from "./scratch.ts";

/** One statement that is worth telling of. */
export interface ReportedStatement {
  readonly verdict: Verdict;
  /** Null for sessions without a version. */
  readonly version: string | null;
  readonly count: number;
  /** The names under which it happens: as before the rename, or as after it. */
  readonly names: State | null;
  readonly sql: string;
  readonly problem: Problem | null;
}

/** What `straddle rehearse --json` prints. */
export interface RehearsalReport {
  /** Whether every statement that could be tried goes through the renames. */
  readonly ok: boolean;
  readonly windows: readonly string[];
  readonly statements: number;
  readonly distinct: number;
  readonly counts: Readonly<Record<Verdict, number>>;
  /** How many of them have a table under a window in them. */
  readonly touched: number;
  /** Different statements that there was no room for: then the answer is no. */
  readonly skipped: number;
  /** Lines of the log that are no statement, and statements to other databases. */
  readonly unread: number;
  readonly elsewhere: number;
  readonly missing: readonly Missing[];
  readonly uncopied: readonly string[];
  readonly problems: readonly ReportedStatement[];
  /** At most as many as problems: what fails without a rename too, and what has no plan. */
  readonly unproven: readonly ReportedStatement[];
  readonly unplanned: readonly ReportedStatement[];
}

/** Statements that are told of one by one, of each kind; the rest are counted. */
const SHOWN_MAX = 1_000;

const IS_PROBLEM: Readonly<Record<Verdict, boolean>> = {
  fails: true,
  refused: true,
  differs: true,
  passes: false,
  unplanned: false,
  unproven: false,
};

/** Collects judgements as they come. */
export class Findings {
  readonly #counts: Record<Verdict, number> = {
    fails: 0,
    refused: 0,
    differs: 0,
    passes: 0,
    unplanned: 0,
    unproven: 0,
  };
  readonly #problems: ReportedStatement[] = [];
  readonly #unproven: ReportedStatement[] = [];
  readonly #unplanned: ReportedStatement[] = [];
  #touched = 0;

  add(statement: DistinctStatement, judgement: Judgement): void {
    const { verdict, isTouched } = judgement;
    this.#counts[verdict] += 1;
    if (isTouched) this.#touched += 1;
    const list = IS_PROBLEM[verdict]
      ? this.#problems
      : verdict === "unproven"
        ? this.#unproven
        : this.#unplanned;
    // BEGIN, SET and the like have no plan either, but nothing to rename.
    const isWorthTelling = verdict !== "passes" && (verdict !== "unplanned" || isTouched);
    if (!isWorthTelling || list.length >= SHOWN_MAX) return;
    list.push({
      verdict,
      version: statement.tag === undefined ? null : formatTag(statement.tag),
      count: statement.count,
      names: judgement.state ?? null,
      sql: statement.sql,
      problem: judgement.problem ?? null,
    });
  }

  report(
    rest: Pick<
      RehearsalReport,
      "statements" | "distinct" | "skipped" | "unread" | "elsewhere" | "missing" | "uncopied"
    > & { readonly windows: readonly Window[] },
  ): RehearsalReport {
    const { fails, refused, differs, passes, unproven } = this.#counts;
    // Where nothing could be tried, as with a wrong search path, nothing is proven.
    const isTried = passes > 0 || unproven === 0;
    return {
      ...rest,
      ok: isTried && fails + refused + differs + rest.skipped === 0,
      windows: rest.windows.map(({ schema, table }) => `${schema}.${table}`),
      counts: this.#counts,
      touched: this.#touched,
      problems: byCount(this.#problems),
      unproven: byCount(this.#unproven),
      unplanned: byCount(this.#unplanned),
    };
  }
}

function byCount(statements: readonly ReportedStatement[]): readonly ReportedStatement[] {
  return [...statements].sort((a, b) => b.count - a.count);
}

/** The report for people: what is wrong first, the answer last. */
export function formatRehearsal(report: RehearsalReport): string {
  const { counts } = report;
  const lines = [
    `windows: ${report.windows.join(", ")}`,
    `statements: ${report.statements}, of which ${report.distinct} are distinct; ${report.touched} name a table under a window`,
  ];
  const parts = [
    ["problems", report.problems, counts.fails + counts.refused + counts.differs],
    ["not proven, as they fail without a rename too", report.unproven, counts.unproven],
    ["rewritten, but not planned", report.unplanned, report.unplanned.length],
  ] as const;
  for (const [title, statements, count] of parts) {
    if (count === 0) continue;
    lines.push("", `${title}: ${count}`);
    for (const statement of statements) lines.push(...statementLines(statement));
    if (statements.length < count) lines.push(`  ... ${count - statements.length} more`);
  }
  lines.push("", ...notes(report));
  return `${lines.join("\n")}\n`;
}

function notes(report: RehearsalReport): string[] {
  const { missing, uncopied, unread, elsewhere, skipped, counts, ok } = report;
  const lines = missing.map(({ what, because }) => `not in the copy: ${what}: ${because}`);
  if (uncopied.length > 0) lines.push(`never copied: ${uncopied.join(", ")}`);
  if (unread > 0) lines.push(`lines that are no statement: ${unread}`);
  if (elsewhere > 0) lines.push(`statements to other databases, left out: ${elsewhere}`);
  if (skipped > 0) lines.push(`statements that there was no room for: ${skipped}`);
  const bad = counts.fails + counts.refused + counts.differs;
  const unproven = counts.unproven === 0 ? "" : `, ${counts.unproven} are not proven`;
  const why =
    bad > 0
      ? `${counts.fails} would fail, ${counts.refused} would be refused, ${counts.differs} would answer otherwise`
      : skipped > 0
        ? "not all statements were rehearsed"
        : "none of the statements can be planned without a rename either";
  lines.push(
    ok
      ? `yes: ${counts.passes} distinct statements pass under both names${unproven}`
      : `no: ${why}`,
  );
  return lines;
}

const NAMES: Readonly<Record<State, string>> = { old: "old names", new: "new names" };

function statementLines(statement: ReportedStatement): string[] {
  const { verdict, version, count, names, sql, problem } = statement;
  const when = names === null ? "" : NAMES[names];
  const cells = [
    verdict.padEnd(10),
    (version ?? "(no version)").padEnd(20),
    `${count} x`.padEnd(9),
  ];
  const lines = [`  ${cells.join("")}${when.padEnd(11)}${oneLine(sql)}`];
  if (problem === null) return lines;
  const code = problem.sqlstate === "" ? "" : `${problem.sqlstate}: `;
  lines.push(`            ${code}${problem.message}`);
  if (problem.detail !== "") lines.push(`            DETAIL:  ${problem.detail}`);
  if (problem.hint !== "") lines.push(`            HINT:  ${problem.hint}`);
  return lines;
}

const SQL_SHOWN_MAX = 500;

function oneLine(sql: string): string {
  const line = sql.replaceAll(/\s+/g, " ").trim();
  return line.length <= SQL_SHOWN_MAX ? line : `${line.slice(0, SQL_SHOWN_MAX)} ...`;
}
