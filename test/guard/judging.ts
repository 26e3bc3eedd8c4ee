import type { RuleId } from "../../src/base/rule-ids.ts";
import { type Facts, NO_FACTS, type RelationFacts } from "../../src/guard/facts.ts";
import { DEFAULT_POLICY, type GuardPolicy } from "../../src/guard/guard-policy.ts";
import { type Finding, type Grouping, judge } from "../../src/guard/judge.ts";
import { parseSql } from "../../src/sql/parse.ts";

interface Circumstances {
  readonly facts?: Partial<Facts>;
  readonly relations?: readonly RelationFacts[];
  readonly grouping?: Grouping;
  readonly policy?: Partial<GuardPolicy>;
}

/** What the guard has against a text. With `relations` the server is known, and has these only. */
export function findingsOf(sql: string, circumstances: Circumstances = {}): readonly Finding[] {
  const { facts, relations, grouping = "as written", policy } = circumstances;
  const parsed = parseSql(sql);
  if (parsed.kind !== "parsed") throw new Error(`not parsed: ${sql}`);
  const relation: Facts["relation"] = (name) =>
    relations === undefined
      ? undefined
      : (relations.find(
          (each) => each.name === name.name && each.schema === (name.schema ?? "public"),
        ) ?? "missing");
  const script = { text: sql, statements: parsed.statements, grouping };
  return judge(script, { ...NO_FACTS, relation, ...facts }, { ...DEFAULT_POLICY, ...policy });
}

export function rulesAgainst(sql: string, circumstances?: Circumstances): readonly RuleId[] {
  return [...new Set(findingsOf(sql, circumstances).map(({ rule }) => rule))];
}

export const GIGABYTE = 1024 ** 3;

/** The facts of a large table. */
export function large(name: string, more: Partial<RelationFacts> = {}): RelationFacts {
  return { schema: "public", name, kind: "table", bytes: 100 * GIGABYTE, tuples: 5e8, ...more };
}

export function small(name: string, more: Partial<RelationFacts> = {}): RelationFacts {
  return { schema: "public", name, kind: "table", bytes: 8192, tuples: 10, ...more };
}
