import { isDeepStrictEqual } from "node:util";
import { rewriteStatement } from "../../src/rewrite/rewrite.ts";
import { applyEdits } from "../../src/sql/edit.ts";
import { parseSql } from "../../src/sql/parse.ts";
import type { Setting } from "../rewrite/setting.ts";
import { THIS_DATABASE } from "../support/server.ts";
import { asSent, type Outcome, outcomeOf, type Ran } from "./outcome.ts";
import type { PipelinedClient } from "./pipelined.ts";
import type { Case } from "./statements.ts";
import { type Names, PATHS, type Path, VACUUM } from "./vocabulary.ts";

/** Where a version's statements run as they are, and where under the other version's names. */
export interface Pair {
  readonly direct: PipelinedClient;
  readonly renamed: PipelinedClient;
  readonly place: Setting;
  /** The schema of the renamed side's temporary tables. */
  readonly temporary: string;
  /** The names that each of them has. */
  readonly own: Names;
  readonly names: Names;
  /** `place` is of before a rename that nobody has told of. */
  readonly isStale?: true;
}

/** Takes away what rolled back statements have left behind: plans hang on the size of a table. */
export async function restorePair({ direct, renamed, own, names }: Pair): Promise<void> {
  await Promise.all([direct.run(VACUUM[own]), renamed.run(VACUUM[names])]);
}

export type Judgement =
  | { readonly kind: "rows" | "error"; readonly sqlstate?: string }
  | { readonly kind: "refused"; readonly detail: string }
  /** Stopped by statement_timeout, on one side at least. */
  | { readonly kind: "slow" }
  | { readonly kind: "different"; readonly story: string };

/** Judges again where only a plan may have been another one. */
export async function judgeTwice(pair: Pair, of: Case): Promise<Judgement> {
  const first = await judge(pair, of);
  if (first.kind !== "different") return first;
  await restorePair(pair);
  return judge(pair, of);
}

/** Runs a case in a transaction of its own on each side, and says whether both give the same. */
export async function judge(pair: Pair, { path, texts }: Case): Promise<Judgement> {
  const steps = stepsOf(texts, placeAt(pair, path));
  if (typeof steps === "string") return { kind: "refused", detail: steps };
  const [expected, outcomes] = await Promise.all([
    runAll(
      pair.direct,
      path,
      steps.map(({ sent }) => asSent(sent)),
    ),
    runAll(pair.renamed, path, steps),
  ]);
  let verdict: Judgement = { kind: "rows" };
  for (const [index, { sent, ran }] of steps.entries()) {
    const want = expected[index];
    const got = outcomes[index];
    if (want === undefined) break;
    const error = want.notes.find(isError);
    if (error?.["C"] === "57014" || got?.notes[0]?.["C"] === "57014") return { kind: "slow" };
    if (error !== undefined && verdict.kind === "rows")
      verdict = { kind: "error", sqlstate: error["C"] ?? "" };
    if (pair.isStale === true) {
      const failure = errorOf(got);
      // From here on a Straddle looks again, and has the client's statement run, or tried again, by the names of now.
      if (UNKNOWN_NAMES.has(failure ?? "")) return { kind: "error", sqlstate: "stale" };
      // What is wrong in its version is wrong at any other time.
      if (error !== undefined && (failure !== undefined || OWN_MISTAKES.has(error["C"] ?? "")))
        return verdict;
    }
    if (got !== undefined && isSame(want, got, { sent, place: pair.place })) continue;
    if (pair.isStale === true && isOfMoment(sent, [error?.["C"], errorOf(got)]))
      return { kind: "error", sqlstate: "stale" };
    const story = [
      `sent: ${sent}`,
      `ran:  ${ran}`,
      `want: ${show(want)}`,
      `got:  ${show(got)}`,
    ].join("\n");
    return { kind: "different", story };
  }
  return verdict;
}

/** undefined_column, undefined_table, ambiguous_column, invalid_column_reference: what a Straddle looks again for. */
const UNKNOWN_NAMES: ReadonlySet<string> = new Set(["42703", "42P01", "42702", "42P10"]);

/** The same: a name that the version does not have, or two of, can be there, or one, for a moment. */
const OWN_MISTAKES = UNKNOWN_NAMES;

/**
 * What a name that a statement gives, or only asks for, meets in that moment, as the README says: it is taken or free by the
 * names of now, and IF EXISTS finds another answer.
 */
function isOfMoment(sent: string, sqlstates: readonly (string | undefined)[]): boolean {
  const isGiven = sqlstates.some((each) => NAME_TAKEN.has(each ?? ""));
  return isGiven || /\bIF (?:NOT )?EXISTS\b/i.test(sent);
}

/** duplicate_table, duplicate_object. */
const NAME_TAKEN: ReadonlySet<string> = new Set(["42P07", "42710"]);

function errorOf(outcome: Outcome | undefined): string | undefined {
  return outcome?.notes.find(isError)?.["C"];
}

/** Classes 00 and 01 are of notices. */
function isError({ C = "" }: Readonly<Record<string, string>>): boolean {
  return !/^0[01]/.test(C);
}

/** The place of a session that has set its search path. */
function placeAt({ place, temporary }: Pair, path: Path): Setting {
  const schemas = PATHS[path].schemas.map((schema) => (schema === "pg_temp" ? temporary : schema));
  // The server looks into pg_catalog first, but for temporary tables by default.
  const searchPath =
    path === "default" ? [temporary, "pg_catalog", "public"] : ["pg_catalog", ...schemas];
  return { ...place, searchPath };
}

/** A transaction with this search path. */
export function begin(client: PipelinedClient, path: Path): Promise<unknown> {
  const { sets } = PATHS[path];
  const begun = client.run("BEGIN");
  return sets === undefined
    ? begun
    : Promise.all([begun, client.run(`SET LOCAL search_path = ${sets}`)]);
}

/** What each text becomes; if one is refused, why. */
function stepsOf(texts: readonly string[], place: Setting): Ran[] | string {
  const steps: Ran[] = [];
  // What EXECUTE runs is answered under the names of its PREPARE.
  let prepared = asSent("").answers;
  for (const sent of texts) {
    const parsed = parseSql(sent);
    const statement = parsed.kind === "parsed" ? parsed.statements[0] : undefined;
    const result =
      statement === undefined
        ? ({ kind: "untouched" } as const)
        : rewriteStatement({ text: sent, statement, database: THIS_DATABASE, ...place });
    if (result.kind === "refused") return result.detail;
    if (statement?.kind === "PrepareStmt" && result.kind === "edited") prepared = result.answers;
    const ran =
      result.kind === "untouched"
        ? { ...asSent(sent), ...(statement?.kind === "ExecuteStmt" && { answers: prepared }) }
        : {
            sent,
            ran: applyEdits(sent, result.edits),
            edits: result.edits,
            answers: result.answers,
          };
    steps.push(ran);
  }
  return steps;
}

async function runAll(
  client: PipelinedClient,
  path: Path,
  rans: readonly Ran[],
): Promise<Outcome[]> {
  const begun = begin(client, path);
  const answers = rans.map(({ ran }) => client.run(ran));
  const ended = client.run(
    rans.some(({ ran }) => ran.startsWith("PREPARE")) ? "ROLLBACK; DEALLOCATE ALL" : "ROLLBACK",
  );
  const [, , ...all] = await Promise.all([begun, ended, ...answers]);
  return all.map((answer, index) => outcomeOf(answer, rans[index]));
}

/** Plans are compared by their length only: the README says what names they show. */
export function isSame(want: Outcome, got: Outcome, of: { sent: string; place: Setting }): boolean {
  const isPlan = of.sent.startsWith("EXPLAIN");
  // What the case itself has made has an OID of its own on each side.
  const lastOid = Math.max(...[...of.place.naming.relations].map(({ oid }) => oid)) + 100;
  const known = (oid: number) => (oid > lastOid ? 0 : oid);
  const isUnordered = SHOWS_ROW.test(of.sent) && !isOrdered(of.sent);
  const rowsOf = ({ rows }: Outcome) => (isUnordered ? [...rows].sort() : rows);
  const shown = (outcome: Outcome) => ({
    ...outcome,
    fields: outcome.fields.map((field) => ({
      ...field,
      table: known(field.table),
      type: known(field.type),
    })),
    rows: isPlan ? [] : rowsOf(outcome),
    notes: outcome.notes.map(comparable),
  });
  return isDeepStrictEqual(shown(want), shown(got));
}

/** A table whose row is shown becomes a subquery, for which the planner can find another order. */
const SHOWS_ROW = /\b(row_to_json|to_jsonb?|jsonb?_agg|jsonb?_object_agg)\(/;

/** Of a query it is the outermost ORDER BY that counts. */
function isOrdered(sent: string): boolean {
  const parsed = parseSql(sent);
  const statement = parsed.kind === "parsed" ? parsed.statements[0] : undefined;
  return statement?.kind === "SelectStmt"
    ? statement.node["sortClause"] !== undefined
    : /\border by\b/i.test(sent);
}

/** For a name that is not there the server guesses what was meant, by all names that it knows. */
function comparable({ D: detail, H: hint, ...note }: Readonly<Record<string, string>>) {
  const isGuessed = note["C"] === "42703" || note["C"] === "42P01";
  const isOfScope = detail?.startsWith("There is a") === true;
  const message = note["M"]?.replace(
    /^(missing|invalid reference to) FROM-clause/,
    "no FROM-clause",
  );
  // Each session has temporary tables in a schema of its own.
  const schema = note["s"]?.replace(/^pg_temp_\d+$/, "pg_temp");
  const shown = schema === undefined ? note : { ...note, s: schema };
  if (isGuessed) return { ...shown, M: message };
  return isOfScope ? shown : { ...shown, D: detail, H: hint };
}

export function show(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "nothing";
  const { fields, rows, tags, notes } = outcome;
  const names = fields.map(
    ({ name, table, column, type }) => `${name}[${table}.${column} ${type}]`,
  );
  return JSON.stringify({ names, rows: rows.slice(0, 6), count: rows.length, tags, notes });
}
