import { isDeepStrictEqual } from "node:util";
import type { RuleId } from "../base/rule-ids.ts";
import type { LockTimeoutPolicy } from "../guard/lock-timeout.ts";
import type { Scan } from "../sql/scan.ts";
import type { StatementFacts } from "../sql/statement.ts";
import { Catalog, type Relation } from "../version/catalog.ts";
import { namingFor } from "../version/naming.ts";
import type { VersionTag } from "../version/tag.ts";
import type { Window } from "../version/window.ts";
import { Decider, type Look } from "./decider.ts";
import type { StatementPlan, TextPlan } from "./text-plan.ts";

/** What is asked about a text that is analysed in another thread. Plain data: it is copied there. */
export type AnalysisQuestion =
  | {
      readonly kind: "look";
      readonly text: string;
      readonly policy: LockTimeoutPolicy;
      readonly rules: readonly RuleId[];
    }
  | {
      readonly kind: "plan";
      readonly text: string;
      readonly scan: Scan | undefined;
      readonly policy: LockTimeoutPolicy;
      readonly rules: readonly RuleId[];
      readonly tag: VersionTag | undefined;
      readonly windows: readonly Window[];
      readonly searchPath: readonly string[];
    };

/** The catalog that plans are made by, sent ahead of the first question that needs it. */
export interface CatalogCopy {
  readonly kind: "catalog";
  readonly relations: readonly Relation[];
  readonly epoch: number;
  readonly database: string;
}

export type AnalysisAnswer =
  | { readonly kind: "look"; readonly look: Look }
  | { readonly kind: "plan"; readonly plan: TextPlan };

/** Bytes of plans kept on this side, so that a text that differs in constants only needs no parse. */
const CACHE_SIZE_MAX = 32 * 1024 * 1024;

/** Answers questions as `Decider` does. */
export class Analyst {
  #catalog = new Catalog([], -1, "");
  #policy: LockTimeoutPolicy = { onMissing: "off", maxMs: 0, injectMs: 0 };
  #rules: readonly RuleId[] = [];
  #decider = new Decider({ policy: this.#policy, rules: this.#rules, cacheSizeMax: 0 });

  takeCatalog({ relations, epoch, database }: CatalogCopy): void {
    this.#catalog = new Catalog(relations, epoch, database);
  }

  answer(question: AnalysisQuestion): AnalysisAnswer {
    const { text, policy, rules } = question;
    if (!isDeepStrictEqual([policy, rules], [this.#policy, this.#rules])) {
      this.#policy = policy;
      this.#rules = rules;
      this.#decider = new Decider({ policy, rules, cacheSizeMax: CACHE_SIZE_MAX });
    }
    const decider = this.#decider;
    if (question.kind === "look") {
      const look = decider.makeLook(text);
      const statements = look.statements.map(withoutTree);
      return { kind: "look", look: { ...look, statements, plan: { ...look.plan, statements } } };
    }
    const { tag, scan, windows, searchPath } = question;
    const catalog = this.#catalog;
    const naming = namingFor(tag, windows, catalog);
    const plan = decider.plan({
      text,
      ...(scan === undefined ? {} : { scan }),
      naming,
      windows,
      catalog,
      searchPath,
    });
    return { kind: "plan", plan: { ...plan, statements: plan.statements.map(withoutTree) } };
  }
}

/**
 * Without the parse tree, which is many times the text and would cost whoever gets it as much as to parse
 * it: once a plan is made, nobody reads more of it than its kind.
 */
function withoutTree(statement: StatementPlan): StatementPlan {
  const { facts } = statement;
  return facts === undefined ? statement : { ...statement, facts: bare(facts) };
}

function bare(facts: StatementFacts): StatementFacts {
  return { ...facts, parsed: { ...facts.parsed, node: {} } };
}
