import type { ExplainedTable, Explanation } from "../rewrite/explanation.ts";
import type { Rewrite } from "../rewrite/outcome.ts";
import { rewriteStatement } from "../rewrite/rewrite.ts";
import { applyEdits, type Edit } from "../sql/edit.ts";
import { parseSql } from "../sql/parse.ts";
import type { Catalog } from "../version/catalog.ts";
import type { Naming } from "../version/naming.ts";

/** What became of one statement: the data that `straddle rewrite --json` prints. */
export interface RewrittenStatement {
  /** The statement as it was given. */
  readonly sql: string;
  readonly verdict: "pass" | "rewrite" | "refuse";
  readonly edits: readonly ExplainedEdit[];
  /** What the tables' names in it mean; none for a version without names of its own. */
  readonly names: readonly ExplainedTable[];
  /** It has names in it that change at the flip: prepared statements are prepared again then. */
  readonly dependsOnPhysical: boolean;
  /** The windowed tables in it, by the names that the version uses. */
  readonly tables: readonly string[];
  readonly refusal: Refusal | undefined;
}

export interface ExplainedEdit extends Edit {
  readonly why: string;
}

export interface Refusal {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
  /** Where in the whole text, from 0. */
  readonly offset: number | undefined;
}

export interface RewrittenText {
  /** Undefined where a statement is refused. */
  readonly sql: string | undefined;
  readonly statements: readonly RewrittenStatement[];
}

export interface UnreadableText {
  readonly syntaxError: string;
  /** Undefined where it is no error in the text, but more than the parser can take. */
  readonly offset: number | undefined;
}

/** What a text becomes under a naming: pure, the same decisions as a session makes. */
export function rewriteText(input: {
  readonly text: string;
  readonly naming: Naming;
  readonly catalog: Catalog;
  readonly searchPath: readonly string[];
}): RewrittenText | UnreadableText {
  const { text, catalog } = input;
  const { database } = catalog;
  const parsed = parseSql(text);
  if (parsed.kind !== "parsed") {
    const offset = parsed.kind === "syntax_error" ? parsed.offset : undefined;
    return { syntaxError: parsed.message, offset };
  }
  const statements = parsed.statements.map((statement) => {
    let explanation: Explanation = { reasons: [], tables: [] };
    const onExplained = (made: Explanation) => {
      explanation = made;
    };
    const rewrite = rewriteStatement({ ...input, database, statement, onExplained });
    return describe(text.slice(statement.start, statement.end), rewrite, explanation);
  });
  const isRefused = statements.some(({ verdict }) => verdict === "refuse");
  const edits = statements.flatMap((statement) => statement.edits);
  return { sql: isRefused ? undefined : applyEdits(text, edits), statements };
}

function describe(sql: string, rewrite: Rewrite, explanation: Explanation): RewrittenStatement {
  const untouched = {
    sql,
    verdict: "pass",
    edits: [],
    names: explanation.tables,
    dependsOnPhysical: false,
    tables: [],
    refusal: undefined,
  } as const;
  switch (rewrite.kind) {
    case "untouched":
      return untouched;
    case "edited": {
      const { touched, dependsOnPhysical } = rewrite;
      const edits = rewrite.edits.map((edit, index) => ({
        ...edit,
        why: explanation.reasons[index] ?? "",
      }));
      const tables = touched.map(({ schema, logicalName }) => `${schema}.${logicalName}`);
      const verdict = edits.length === 0 ? "pass" : "rewrite";
      return { ...untouched, verdict, edits, tables, dependsOnPhysical };
    }
    case "refused": {
      const { sqlstate, message, detail, hint, offset } = rewrite;
      return {
        ...untouched,
        verdict: "refuse",
        refusal: { sqlstate, message, detail, hint, offset },
      };
    }
  }
}

/** A refusal as psql would show it. */
export function formatRefusal(refusal: Refusal): string {
  const lines = [`ERROR:  ${refusal.sqlstate}: ${refusal.message}`];
  if (refusal.detail !== "") lines.push(`DETAIL:  ${refusal.detail}`);
  if (refusal.hint !== "") lines.push(`HINT:  ${refusal.hint}`);
  return `${lines.join("\n")}\n`;
}
