import { LruCache } from "../base/lru-cache.ts";
import type { RuleId } from "../base/rule-ids.ts";
import { concernOf } from "../guard/concern.ts";
import { lockedBy } from "../guard/locks.ts";
import { flipOf } from "../rewrite/flip.ts";
import { mentionsShown } from "../rewrite/introspection.ts";
import type { Rewrite } from "../rewrite/outcome.ts";
import { rewriteStatement } from "../rewrite/rewrite.ts";
import { applyEdits, type Edit } from "../sql/edit.ts";
import type { Scan } from "../sql/scan.ts";
import { describeStatements, type StatementFacts } from "../sql/statement.ts";
import type { Catalog } from "../version/catalog.ts";
import type { Naming } from "../version/naming.ts";
import type { Window } from "../version/window.ts";
import { physicalLock } from "./physical-lock.ts";
import { type PlanTemplate, planFrom, planTemplate } from "./plan-template.ts";
import { ofRewrite } from "./rewrite-plan.ts";
import { type SimpleText, simpleTextOf, type TextOptions } from "./simple-text.ts";
import { NO_OUTCOMES, type StatementPlan, type TextPlan } from "./text-plan.ts";
import {
  afterStatement,
  changesCatalogInSight,
  isUnsettled,
  readsRows,
  type UncommittedDdl,
} from "./uncommitted-ddl.ts";
import { preparedAmongOthers, tooComplex, unparsed, unsettled } from "./undecided.ts";

/** What is known of a text before anything is asked of its session or of the catalog. */
export interface Look {
  /** In order; one that stands for the whole text where it can't be parsed. */
  readonly statements: readonly StatementPlan[];
  /** As it goes on when no window applies. */
  readonly plan: TextPlan;
  readonly isParsed: boolean;
  /** The parser can't tell what is in it, and its error isn't one that the server would report. */
  readonly isOpaque: boolean;
  /** All identifiers that occur in it. */
  readonly identifiers: ReadonlySet<string>;
  /** A statement in it changes what the session resolves names by. */
  readonly changesSession: boolean;
  readonly changesCatalog: boolean;
  /** It sets `straddle.version`. */
  readonly setsVersion: boolean;
  /** A RENAME is in it, which may be that of a window. */
  readonly hasRename: boolean;
  /** A DO block is in it, whose body is a constant. */
  readonly hasBlock: boolean;
  /** The guard has to see to one of its locks. */
  readonly hasLock: boolean;
  /** It is to be read as it stands, whatever its names mean: for the guard, or as there are several. */
  readonly needsPlan: boolean;
}

export interface PlanInput {
  readonly text: string;
  /** What a scan says of the text; left out where none was made. */
  readonly scan?: Scan;
  readonly naming: Naming;
  readonly windows: readonly Window[];
  readonly catalog: Catalog;
  /** The session's effective schemas, in order. */
  readonly searchPath: readonly string[];
  /** Those are the ones behind the first statement, which ends a transaction that has failed. */
  readonly isBehindFirst?: boolean;
}

type DeciderOptions = TextOptions & {
  /** The guard's rules that can have something to say in live sessions. */
  readonly rules: readonly RuleId[];
  readonly cacheSizeMax: number;
};

// What a cached analysis costs beyond its text, measured roughly: an AST is some 40 times its text.
const LOOK_SIZE_FACTOR = 48;
const PLAN_SIZE_FACTOR = 12;
const BARE_SIZE_FACTOR = 4;
const ENTRY_SIZE = 1_024;

/**
 * Decides what happens with a text. Pure but for its caches, which are bounded by bytes: the same
 * text, naming, catalog and search path always get the same plan.
 */
export class Decider {
  readonly #options: DeciderOptions;
  readonly #looks: LruCache<Look>;
  readonly #plans: LruCache<TextPlan>;
  readonly #templates: LruCache<PlanTemplate>;
  readonly #simpleTexts = new WeakMap<TextPlan, SimpleText>();

  constructor(options: DeciderOptions) {
    this.#options = options;
    this.#looks = new LruCache({ sizeMax: options.cacheSizeMax / 2 });
    this.#plans = new LruCache({ sizeMax: options.cacheSizeMax / 4 });
    this.#templates = new LruCache({ sizeMax: options.cacheSizeMax / 4 });
  }

  /** What the caches hold, and how many entries had to go for others. */
  get cacheState(): { readonly size: number; readonly evictedCount: number } {
    const caches = [this.#looks, this.#plans, this.#templates];
    return {
      size: caches.reduce((sum, cache) => sum + cache.size, 0),
      evictedCount: caches.reduce((sum, cache) => sum + cache.evictedCount, 0),
    };
  }

  knownLook({ key }: Scan): Look | undefined {
    return this.#looks.get(key);
  }

  /** A look that was made elsewhere, and came without its trees. */
  keepLook({ key }: Scan, look: Look): void {
    if (look.isParsed) this.#looks.set(key, look, key.length * BARE_SIZE_FACTOR + ENTRY_SIZE);
  }

  knownPlan(input: PlanInput): TextPlan | undefined {
    return this.#plans.get(namesOf(input) + input.text);
  }

  keepPlan(input: PlanInput, plan: TextPlan): void {
    const key = namesOf(input) + input.text;
    this.#plans.set(key, plan, key.length * BARE_SIZE_FACTOR + ENTRY_SIZE);
  }

  /** `text` is only called for, when the text was not seen before. */
  look(scan: Scan, text: () => string): Look {
    const { key } = scan;
    const known = this.knownLook(scan);
    if (known !== undefined) return known;
    const look = this.makeLook(text());
    // Texts of one key differ in constants, and one of them can be wrong where the other is not.
    if (look.isParsed) this.#looks.set(key, look, key.length * LOOK_SIZE_FACTOR + ENTRY_SIZE);
    return look;
  }

  /** Whether a window of this naming could matter to the text. */
  mentions(look: Look, naming: Naming): boolean {
    if (naming.isEmpty) return false;
    if (look.isOpaque || look.hasBlock) return true;
    return mentionsAny(look.identifiers, naming);
  }

  /** Whether it may show names of tables or columns as data, by whatever name of its own. */
  showsNames(look: Look, naming: Naming): boolean {
    return !naming.isEmpty && mentionsShown(look.identifiers);
  }

  /** The plan of a text that `mentions` or `showsNames` says could matter. */
  plan(input: PlanInput): TextPlan {
    const { text, scan } = input;
    const names = namesOf(input);
    const key = names + text;
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const shape = scan?.isFolded === true ? names + scan.key : undefined;
    const template = shape === undefined ? undefined : this.#templates.get(shape);
    const alike = template === undefined ? undefined : planFrom(template, text);
    if (alike !== undefined) return alike;
    const plan = this.#makePlan(input);
    this.#plans.set(key, plan, key.length * PLAN_SIZE_FACTOR + ENTRY_SIZE);
    const made = shape === undefined ? undefined : planTemplate(text, plan);
    if (shape !== undefined && made !== undefined) {
      this.#templates.set(shape, made, shape.length * PLAN_SIZE_FACTOR + ENTRY_SIZE);
    }
    return plan;
  }

  /** The plan that the same text gets under other names; the old one where it can't be told. */
  replan(plan: TextPlan, input: Omit<PlanInput, "look">): TextPlan {
    if (plan.statements.some((statement) => statement.facts === undefined)) return plan;
    return this.plan(input);
  }

  /** The plan's text for a Query: with the guard's checks, and with refused statements exchanged. */
  simpleText(plan: TextPlan, text: string): SimpleText {
    const known = this.#simpleTexts.get(plan);
    if (known !== undefined) return known;
    const made = simpleTextOf(plan, text, this.#options);
    // A plan that a look holds is shared by texts that differ in literals; one with a lock is not.
    this.#simpleTexts.set(plan, made);
    return made;
  }

  /** Without the cache. */
  makeLook(text: string): Look {
    const described = describeStatements(text);
    const statements = described.statements.map((facts) => this.#passed(facts, text));
    const isUnparsed = described.kind !== "described";
    if (isUnparsed) statements.push(unparsed(text));
    const facts = described.statements;
    const hasLock = statements.some((each) => each.lock !== undefined);
    const hasRules = statements.some((each) => each.concern === "rules");
    const hasRename = facts.some((each) => each.parsed.kind === "RenameStmt");
    const identifiers = new Set<string>();
    for (const each of facts) for (const name of each.identifiers) identifiers.add(name);
    return {
      statements,
      plan: { statements, edits: [], ranText: undefined },
      isParsed: !isUnparsed,
      isOpaque: described.kind === "too_complex",
      identifiers,
      changesSession: facts.some((each) => each.changesSession),
      changesCatalog: facts.some((each) => each.changesCatalog),
      setsVersion: facts.some((each) => each.versionSetting !== undefined),
      hasRename,
      hasBlock: facts.some((each) => each.parsed.kind === "DoStmt"),
      hasLock,
      needsPlan: hasLock || hasRules || hasRename || statements.length > 1,
    };
  }

  #passed(facts: StatementFacts, text: string): StatementPlan {
    const lock = this.#options.policy.onMissing === "off" ? undefined : lockedBy(facts.parsed);
    return {
      shape: facts.shape,
      facts,
      verdict: "pass",
      refusal: undefined,
      answers: undefined,
      touched: [],
      reliesOnNames: false,
      flips: undefined,
      lock,
      concern: concernOf(facts.parsed, text, this.#options.rules),
      outcomes: NO_OUTCOMES,
    };
  }

  #makePlan(input: PlanInput): TextPlan {
    const { text, naming, windows, catalog, searchPath, isBehindFirst = false } = input;
    // Offsets are this text's own, not those of the first text of its shape.
    const described = describeStatements(text);
    if (described.kind === "too_complex") {
      const refusal = tooComplex(described.message);
      const statement = { ...unparsed(text), verdict: "refuse" as const, refusal };
      return { statements: [statement], edits: [], ranText: undefined };
    }
    const statements: StatementPlan[] = [];
    const edits: Edit[] = [];
    // What stands earlier in the text and can change what names mean.
    let changedBy: StatementFacts | undefined;
    let isSessionChanged = false;
    let ddl: UncommittedDdl = "none";
    for (const facts of described.statements) {
      const passed = this.#passed(facts, text);
      const rewrite = rewriteStatement({
        text,
        statement: facts.parsed,
        naming,
        catalog,
        searchPath,
        database: catalog.database,
      });
      const flips = flipOf(facts.parsed, { windows, catalog, searchPath })?.relation.oid;
      const lock = physicalLock(passed.lock, input);
      const plan = { ...passed, ...ofRewrite(rewrite), flips, lock };
      const mentions = mentionsAny(facts.identifiers, naming);
      const isMoved = isSessionChanged && (isAboutTables(rewrite) || (mentions && readsRows(plan)));
      if (changedBy !== undefined && (isMoved || isUnsettled(ddl, plan, mentions))) {
        statements.push({ ...passed, verdict: "refuse", refusal: unsettled(changedBy) });
        continue;
      }
      if (plan.reliesOnNames && facts.prepares !== undefined && described.statements.length > 1) {
        statements.push({ ...passed, verdict: "refuse", refusal: preparedAmongOthers() });
        continue;
      }
      const changesSession = facts.changesSession && !(isBehindFirst && statements.length === 0);
      if (changesSession || changesCatalogInSight(facts)) changedBy = facts;
      isSessionChanged ||= changesSession;
      ddl = afterStatement(ddl, facts, windows);
      if (rewrite.kind === "edited") edits.push(...rewrite.edits);
      statements.push(plan);
    }
    if (described.kind === "syntax_error") statements.push(unparsed(text));
    const ranText = edits.length > 0 ? applyEdits(text, edits) : undefined;
    return { statements, edits, ranText };
  }
}

function namesOf({ naming, catalog, searchPath, isBehindFirst = false }: PlanInput): string {
  const behind = isBehindFirst ? "\0behind" : "";
  return `${naming.id}\0${catalog.epoch}${behind}\0${searchPath.join("\0")}\0\0`;
}

function mentionsAny(identifiers: ReadonlySet<string>, naming: Naming): boolean {
  for (const word of naming.words) if (identifiers.has(word)) return true;
  return false;
}

/** What it only shows of names is the same whatever search_path is. */
function isAboutTables(rewrite: Rewrite): boolean {
  return rewrite.kind === "edited" ? rewrite.touched.length > 0 : rewrite.kind === "refused";
}
