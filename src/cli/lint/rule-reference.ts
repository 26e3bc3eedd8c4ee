import { RULE_GROUPS } from "../../base/rule-ids.ts";
import { NO_FACTS } from "../../guard/facts.ts";
import { DEFAULT_POLICY } from "../../guard/guard-policy.ts";
import { judge } from "../../guard/judge.ts";
import type { Rule } from "../../guard/rule.ts";
import { RULES } from "../../guard/rules.ts";
import { parseSql } from "../../sql/parse.ts";
import { OTHER_LINTERS } from "./other-linters.ts";

const GROUPS: Readonly<Record<Rule["group"], string>> = {
  blocks: "Blocks others",
  breaks: "Breaks running versions",
  later: "Bites later",
};

/** All rules beside those of other linters, as Markdown. */
export function ruleTable(): string {
  const rows = RULES.map(({ id, group, severity, since }) => {
    const { squawk, strongMigrations, eugene } = OTHER_LINTERS[id];
    const others = [squawk, strongMigrations, eugene].map((each) => each || "–");
    const from = since === undefined ? "" : `, from PostgreSQL ${since} on`;
    return `| \`${id}\` | ${GROUPS[group].toLowerCase()} | ${severity}${from} | ${others.join(" | ")} |`;
  });
  return [
    "| rule | what it is about | default | squawk | strong_migrations | eugene |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

/** A page with all rules. The parser has to be loaded: the safe SQL is that of the example. */
export function ruleReference(): string {
  const sections = RULE_GROUPS.flatMap((group) => [
    `## ${GROUPS[group]}`,
    ...RULES.filter((rule) => rule.group === group).map(ruleSection),
  ]);
  return [
    "# The guard's rules",
    "Made by `npx straddle lint --explain all`; a test compares them. Safe SQL is what a refusal of the example says.",
    ...sections,
    "",
  ].join("\n\n");
}

function ruleSection(rule: Rule): string {
  const { id, severity, since, why, instead, refused, allowed } = rule;
  const from = since === undefined ? "" : `, from PostgreSQL ${since} on`;
  const safe = safeSql(rule);
  return [
    `### ${id}`,
    `Default: ${severity}${from}. ${why}`,
    `Instead: ${instead}`,
    `Refused:\n\n${code([refused])}`,
    `Allowed:\n\n${code([allowed])}`,
    safe === undefined
      ? "There is no SQL that does the same safely."
      : `Safe SQL:\n\n${code(safe)}`,
  ].join("\n\n");
}

function safeSql({ id, refused }: Rule): readonly string[] | undefined {
  const parsed = parseSql(refused);
  if (parsed.kind !== "parsed") return undefined;
  const script = { text: refused, statements: parsed.statements, grouping: "as written" } as const;
  const found = judge(script, NO_FACTS, DEFAULT_POLICY);
  return found.find(({ rule }) => rule === id)?.safeSql;
}

function code(statements: readonly string[]): string {
  return statements.map((sql) => `    ${sql};`).join("\n");
}
