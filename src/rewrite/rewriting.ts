import type { AstNode } from "../sql/ast.ts";
import { type Edit, keepApart } from "../sql/edit.ts";
import { quoteAlways, quoteIdentifier, type Token } from "../sql/tokens.ts";
import type { Relation } from "../version/catalog.ts";
import type { NamedRelation } from "../version/naming.ts";
import { type ExplainedTable, REASONS, type Reason } from "./explanation.ts";
import type { TypedNode } from "./node.ts";
import type { Refusal } from "./outcome.ts";
import type { RelationLookup } from "./relation-lookup.ts";
import type { Columns, Scope, WholeRowForm } from "./scope.ts";
import type { SourceText } from "./source-text.ts";
import type { Place } from "./whole-row.ts";

/** Names of common table expressions in sight, with their output columns. */
export type Ctes = ReadonlyMap<string, Columns>;

export interface QueryPlace {
  readonly outer: Scope | undefined;
  readonly ctes: Ctes;
  /** Whether its rows go to the client or into a table as they are, unseen by other SQL. */
  readonly isTop: boolean;
}

/** What each part of the rewriter asks of the others. Set once, so that their files need no cycle. */
export interface Walkers {
  readonly expression: (work: Rewriting, node: TypedNode, place: Place) => void;
  readonly query: (work: Rewriting, node: TypedNode, place: QueryPlace) => Columns;
}

/** No column or table of anybody's. */
export const NOBODY = "straddle: no such name";

/**
 * The rewriting of one statement while it goes on: collects edits, the tables met, and the first
 * refusal. After a refusal the walk simply goes on; its edits are thrown away.
 */
export class Rewriting {
  readonly source: SourceText;
  readonly lookup: RelationLookup;
  readonly walk: Walkers;
  /** At the statement's first token, and one past its last. */
  readonly start: number;
  readonly end: number;
  /** The database that the session is connected to. */
  readonly database: string;
  /** Table references that have been dealt with; whatever else turns out to be windowed is refused. */
  readonly handled = new Set<AstNode>();
  /** Column references whose last name was exchanged, and constants. */
  readonly exchanged = new Set<AstNode>();
  /** Writing queries that return `*`: how many of their first columns an alias list must name. */
  readonly returnedStars = new Map<AstNode, number>();
  /** WITH queries of a Straddle that has seen the text before: the columns that they name. */
  readonly witnesses = new Map<
    AstNode,
    { readonly relation: NamedRelation; readonly names: readonly string[] }
  >();
  readonly touched = new Set<NamedRelation>();
  /** Tables whose columns a `*` of the top level's RETURNING shows, by their physical names. */
  readonly shownTargets = new Set<NamedRelation>();
  /** Tables written to, by what the statement calls them. */
  readonly targets = new Map<string, NamedRelation>();
  /** What INSERT, UPDATE, DELETE and MERGE write to, in the order in which the server takes them. */
  readonly writes = new Map<AstNode, NamedRelation | undefined>();
  /** First and last token of those that are queries of WITH. */
  readonly writeBounds = new Map<AstNode, { readonly first: number; readonly last: number }>();
  /** Columns that an UPDATE assigns to more than once, in that order too. */
  readonly assignedTwice: { readonly physical: string; readonly logical: string }[] = [];
  /** Tables that became a subquery, for a row with the version's names. */
  readonly rowForms = new Set<WholeRowForm>();
  /** Tables of which a row is used as it is, and where. */
  readonly plainRows = new Map<WholeRowForm, number | undefined>();
  /** Every alias and WITH query's name in the statement, in sight of one another or not. */
  readonly aliases: ReadonlySet<string>;
  /** Names of tables that stand somewhere without an alias. */
  readonly unaliased: ReadonlySet<string>;
  /** References to relations of the server's own, as they were met. */
  readonly systemReferences: { readonly node: AstNode; readonly relation: Relation }[] = [];
  /** Something in it shows names of tables or columns as data, and has been seen to. */
  showsNames = false;
  dependsOnPhysical = false;
  hasRowLock = false;
  hasSystemColumn = false;
  refusal: Refusal | undefined;
  /** What names of tables mean, where somebody asks why; undefined otherwise. */
  readonly explained: ExplainedTable[] | undefined;
  readonly #edits = new Map<string, { readonly edit: Edit; readonly why: Reason | undefined }>();

  constructor(parts: {
    source: SourceText;
    lookup: RelationLookup;
    walk: Walkers;
    start: number;
    end: number;
    database: string;
    aliases: ReadonlySet<string>;
    unaliased: ReadonlySet<string>;
    isExplained: boolean;
  }) {
    this.source = parts.source;
    this.lookup = parts.lookup;
    this.walk = parts.walk;
    this.start = parts.start;
    this.end = parts.end;
    this.database = parts.database;
    this.aliases = parts.aliases;
    this.unaliased = parts.unaliased;
    this.explained = parts.isExplained ? [] : undefined;
  }

  /** Puts one identifier in another's place: a quoted one in the place of a quoted one. */
  rename(index: number, name: string, qualifier = "", why?: Reason): void {
    const token = this.source.token(index);
    if (token === undefined) return;
    const quote = token.kind === "quoted_identifier" ? quoteAlways : quoteIdentifier;
    const edit: Edit = {
      start: token.start,
      end: token.end,
      text: qualifier === "" ? quote(name) : `${quote(qualifier)}.${quote(name)}`,
      kind: "name",
    };
    this.#add(edit, why);
  }

  /**
   * Puts a name that nobody has in the place of one that the version must not reach, or that is
   * ambiguous to it. So the server fails there, if nothing before it is wrong.
   */
  fail(index: number, failure?: Edit["failure"], why?: Reason): void {
    const token = this.source.token(index);
    if (token === undefined) return;
    const { start, end } = token;
    const edit: Edit = { start, end, text: quoteAlways(NOBODY), kind: "name" };
    this.#add(failure === undefined ? edit : { ...edit, failure }, why);
  }

  insert(offset: number, text: string, why?: Reason): void {
    this.#add({ start: offset, end: offset, text, kind: "frame" }, why);
  }

  replace(start: number, end: number, text: string, why?: Reason): void {
    this.#add({ start, end, text, kind: "frame" }, why);
  }

  /** Puts one string constant, which names a table, in another's place. */
  replaceConstant(token: Token, by: string, constant?: Edit["constant"]): void {
    const text = `'${by.replaceAll("'", "''")}'`;
    const edit: Edit = { start: token.start, end: token.end, text, kind: "frame" };
    this.#add(constant === undefined ? edit : { ...edit, constant }, REASONS.constant);
  }

  /** Sorted; edits at one place in the order in which they were asked for. */
  edits(): readonly Edit[] {
    const sorted = this.#sorted().map(({ edit }) => edit);
    return keepApart(this.source.text, sorted);
  }

  /** Why, for each of `edits`. */
  reasons(): readonly string[] {
    return this.#sorted().map(({ why }) => (why ?? REASONS.shown)());
  }

  /** Refuses because the meaning is not certain, or not covered yet. */
  refuseUncertain(parts: { detail: string; hint: string; offset: number | undefined }): void {
    this.refusal ??= {
      kind: "refused",
      sqlstate: "0A000",
      message: "cannot rewrite this statement for the version that sent it",
      ...parts,
    };
  }

  #sorted() {
    const order = (a: Edit, b: Edit) => a.start - b.start || a.end - b.end;
    return [...this.#edits.values()].sort((a, b) => order(a.edit, b.edit));
  }

  #add(edit: Edit, why: Reason | undefined): void {
    // The parser repeats the source of `(a, b) = (SELECT ...)` once per column: same edit, once.
    this.#edits.set(`${edit.start} ${edit.end} ${edit.text}`, { edit, why });
  }
}
