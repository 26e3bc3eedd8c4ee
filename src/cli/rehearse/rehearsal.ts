import type { Rewrite } from "../../rewrite/outcome.ts";
import { rewriteStatement } from "../../rewrite/rewrite.ts";
import { applyEdits } from "../../sql/edit.ts";
import { type ParsedStatement, parseSql } from "../../sql/parse.ts";
import { type Naming, namingFor } from "../../version/naming.ts";
import { formatTag, type VersionTag } from "../../version/tag.ts";
import type { Window } from "../../version/window.ts";
import type { DistinctStatement } from "./distinct-statements.ts";
import type { Depth, Field, Plan } from "./planner.ts";
import type { Copy, State } from "./scratch.ts";
import { STATES } from "./scratch.ts";
import { candidates, hasParameter } from "./stand-ins.ts";

/**
 * `passes`: it has a plan under both names, and shows the same columns. `fails`, `refused`: under at least one of
 * them the server, or Straddle, would not take it. `differs`: its columns have other names. `unplanned`: it
 * has no plan, and only its rewriting was tried. `unproven`: it fails without any rename as well.
 */
export type Verdict = "passes" | "fails" | "refused" | "differs" | "unplanned" | "unproven";

export interface Judgement {
  readonly verdict: Verdict;
  /** Under which names; undefined where that says nothing. */
  readonly state?: State;
  readonly problem?: Problem;
  /** Whether a table under a window is in it. */
  readonly isTouched: boolean;
}

export interface Problem {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
}

/** Rehearses statements on the copies. `now`: how the names stand at present, for versions in neither range. */
export class Rehearsal {
  readonly #copies: ReadonlyMap<State, Copy>;
  readonly #windows: readonly Window[];
  readonly #now: readonly State[];
  readonly #database: string;
  /** By version and state: a log has few versions and many statements. */
  readonly #namings = new Map<string, Naming>();
  readonly #homesByTag = new Map<string, readonly State[]>();

  constructor(parts: {
    readonly copies: ReadonlyMap<State, Copy>;
    readonly windows: readonly Window[];
    readonly now: readonly State[];
    readonly database: string;
  }) {
    this.#copies = parts.copies;
    this.#windows = parts.windows;
    this.#now = parts.now;
    this.#database = parts.database;
  }

  async judge({ sql, tag }: DistinctStatement): Promise<Judgement> {
    let first: Judgement | undefined;
    for (const text of candidates(sql)) {
      const judgement = await this.#judgeText(text, tag);
      if (judgement.verdict !== "unproven") return judgement;
      first ??= judgement;
    }
    return first ?? { verdict: "unproven", isTouched: false };
  }

  async #judgeText(text: string, tag: VersionTag | undefined): Promise<Judgement> {
    const parsed = parseSql(text);
    const statement = parsed.kind === "parsed" ? parsed.statements[0] : undefined;
    if (statement === undefined) {
      const message = parsed.kind === "parsed" ? "it is empty" : parsed.message;
      return {
        verdict: "unproven",
        problem: { sqlstate: "42601", message, detail: "", hint: "" },
        isTouched: false,
      };
    }
    const rewritten = STATES.map((state) => ({
      state,
      rewrite: this.#rewrite(text, statement, tag, state),
    }));
    const isTouched = rewritten.some(({ rewrite }) => rewrite.kind !== "untouched");
    const depth = depthOf(statement.kind);
    const refused = rewritten.find(({ rewrite }) => rewrite.kind === "refused");
    if (depth === undefined) {
      if (refused !== undefined) return refusedBy(refused.state, refused.rewrite);
      return { verdict: "unplanned", isTouched };
    }
    const baseline = await this.#baseline(text, depth, tag);
    if (refused?.rewrite.kind === "refused") {
      // The server may only object to a constant that was redacted: that is no reason to keep quiet.
      const isOwnFault = baseline.kind === "failed" && !hasParameter(text);
      if (!isOwnFault) return refusedBy(refused.state, refused.rewrite);
    }
    if (baseline.kind === "failed") return { verdict: "unproven", problem: baseline, isTouched };
    return this.#compare({ text, depth, rewritten, wanted: baseline.fields, isTouched });
  }

  /** Plans it under the names of both states, and compares what it shows with what it should. */
  async #compare(parts: {
    text: string;
    depth: Depth;
    rewritten: readonly { state: State; rewrite: Rewrite }[];
    wanted: readonly Field[] | undefined;
    isTouched: boolean;
  }): Promise<Judgement> {
    const { text, depth, rewritten, wanted, isTouched } = parts;
    for (const { state, rewrite } of rewritten) {
      const edits = rewrite.kind === "edited" ? rewrite.edits : [];
      const plan = await this.#plan(state, applyEdits(text, edits), depth);
      if (plan.kind === "failed") return { verdict: "fails", state, problem: plan, isTouched };
      const difference = differenceOf(wanted, shownFields(plan.fields, rewrite));
      if (difference === undefined) continue;
      const problem = { sqlstate: "", message: difference, detail: "", hint: "" };
      return { verdict: "differs", state, problem, isTouched };
    }
    return { verdict: "passes", isTouched };
  }

  /** The statement as it was sent, where the database has its version's own names. */
  async #baseline(text: string, depth: Depth, tag: VersionTag | undefined): Promise<Plan> {
    let plan: Plan | undefined;
    for (const state of this.#homes(tag)) {
      plan = await this.#plan(state, text, depth);
      if (plan.kind === "planned") return plan;
    }
    return plan ?? { kind: "failed", ...NO_COPY };
  }

  /** The states in which a version would be at home without Straddle: one, but where its windows disagree. */
  #homes(tag: VersionTag | undefined): readonly State[] {
    return keep(this.#homesByTag, nameOf(tag), () => this.#findHomes(tag));
  }

  #findHomes(tag: VersionTag | undefined): readonly State[] {
    const homes = new Set<State>();
    const copy = this.#copies.get("old");
    for (const window of this.#windows) {
      const naming = copy === undefined ? undefined : namingFor(tag, [window], copy.catalog);
      const [relation] = naming?.relations ?? [];
      if (relation === undefined) continue;
      const isNew =
        relation.logicalName !== relation.physicalName ||
        relation.columns.some(({ logical, physical }) => logical !== physical);
      homes.add(isNew ? "new" : "old");
    }
    return homes.size === 0 ? this.#now : [...homes];
  }

  #rewrite(
    text: string,
    statement: ParsedStatement,
    tag: VersionTag | undefined,
    state: State,
  ): Rewrite {
    const copy = this.#copies.get(state);
    if (copy === undefined) return { kind: "untouched" };
    return rewriteStatement({
      text,
      statement,
      naming: this.#naming(tag, copy),
      catalog: copy.catalog,
      searchPath: copy.schemas,
      database: this.#database,
    });
  }

  #naming(tag: VersionTag | undefined, copy: Copy): Naming {
    return keep(this.#namings, `${copy.state} ${nameOf(tag)}`, () =>
      namingFor(tag, this.#windows, copy.catalog),
    );
  }

  async #plan(state: State, text: string, depth: Depth): Promise<Plan> {
    const copy = this.#copies.get(state);
    return copy === undefined
      ? { kind: "failed", ...NO_COPY }
      : await copy.planner.plan(text, depth);
  }
}

const KEPT_MAX = 1_000;

function keep<Value>(kept: Map<string, Value>, key: string, make: () => Value): Value {
  const known = kept.get(key);
  if (known !== undefined) return known;
  if (kept.size >= KEPT_MAX) kept.clear();
  const value = make();
  kept.set(key, value);
  return value;
}

function nameOf(tag: VersionTag | undefined): string {
  return tag === undefined ? "" : formatTag(tag);
}

const NO_COPY: Problem = { sqlstate: "", message: "there is no copy", detail: "", hint: "" };

/** How far the server goes with a statement of this kind without running it. */
function depthOf(kind: string): Depth | undefined {
  switch (kind) {
    case "SelectStmt":
    case "InsertStmt":
    case "UpdateStmt":
    case "DeleteStmt":
    case "MergeStmt":
      return "plan";
    case "DeclareCursorStmt":
    case "ExplainStmt":
    case "CreateTableAsStmt":
    case "CallStmt":
      return "analyse";
    default:
      return undefined;
  }
}

function refusedBy(state: State, rewrite: Rewrite): Judgement {
  if (rewrite.kind !== "refused") return { verdict: "unproven", isTouched: true };
  const { sqlstate, message, detail, hint } = rewrite;
  return {
    verdict: "refused",
    state,
    problem: { sqlstate, message, detail, hint },
    isTouched: true,
  };
}

/** The fields under the names that a client reads: those of `RETURNING *` are renamed on their way. */
function shownFields(
  fields: readonly Field[] | undefined,
  rewrite: Rewrite,
): readonly Field[] | undefined {
  if (rewrite.kind !== "edited") return fields;
  return fields?.map((field) => {
    const rename = rewrite.answers.renameFields.find(
      ({ tableOid, attnum, from }) =>
        tableOid === field.tableOid && attnum === field.attnum && from === field.name,
    );
    return rename === undefined ? field : { ...field, name: rename.to };
  });
}

function differenceOf(
  wanted: readonly Field[] | undefined,
  shown: readonly Field[] | undefined,
): string | undefined {
  const names = (fields: readonly Field[] | undefined) =>
    fields === undefined ? "no rows" : `columns ${fields.map(({ name }) => name).join(", ")}`;
  const isSame =
    wanted?.length === shown?.length &&
    (wanted ?? []).every(
      ({ name, typeOid }, index) =>
        shown?.[index]?.name === name && shown[index]?.typeOid === typeOid,
    );
  return isSame ? undefined : `the answer has ${names(shown)} instead of ${names(wanted)}`;
}
