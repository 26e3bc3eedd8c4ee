import type { RuleId, Severity } from "../base/rule-ids.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import type { Facts } from "./facts.ts";
import type { Freeze, GuardPolicy } from "./guard-policy.ts";
import { severityOf } from "./judge.ts";
import type { RelationName } from "./relation-name.ts";
import { RULES } from "./rules.ts";
import { endOfPeriod, type Schedule, shownTime } from "./schedule.ts";
import { tablesOf } from "./tables-of.ts";

/** What an operator wants of the rules somewhere, for somebody, or at some time. */
export interface PolicyEntry {
  /** What is left out holds for all. */
  readonly databases: readonly RegExp[] | undefined;
  /** By the name that they log in as. */
  readonly roles: readonly RegExp[] | undefined;
  /** By the application of the session's version. */
  readonly apps: readonly RegExp[] | undefined;
  /** `schema.table`. */
  readonly tables: readonly RegExp[] | undefined;
  readonly when: Schedule | undefined;
  readonly severities: GuardPolicy["severities"];
  /** Whether schema changes are frozen; undefined where the entry does not say. */
  readonly freeze: boolean | undefined;
  readonly reason: string | undefined;
}

/** Whose statement it is, and when it runs. */
export interface Occasion {
  readonly database: string;
  readonly role: string;
  readonly app: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Where a table is that is not known and named without a schema. */
  readonly schema: string;
}

/** An entry that holds for a session at a time. */
interface Live {
  readonly entry: PolicyEntry;
  readonly until: string | undefined;
}

/**
 * What holds for one statement. Of the entries that match it, the last one that says something of a rule
 * counts. A statement about several tables has the strictest of what holds for each of them.
 */
export function policyFor(
  settings: { readonly policy: GuardPolicy; readonly policies: readonly PolicyEntry[] },
  occasion: Occasion,
  { statement, facts }: { readonly statement: ParsedStatement; readonly facts: Facts },
): GuardPolicy {
  const { policy, policies } = settings;
  const live = policies.flatMap((entry) => liveEntry(entry, occasion));
  if (live.length === 0) return policy;
  const isAboutTables = live.some(({ entry }) => entry.tables !== undefined);
  const tables = isAboutTables
    ? tablesOf(statement).map((table) => fullName(table, facts, occasion.schema))
    : [];
  const [first = withEntries(policy, live, undefined), ...others] = [...new Set(tables)].map(
    (table) => withEntries(policy, live, table),
  );
  return others.reduce(strictest, first);
}

function liveEntry(entry: PolicyEntry, occasion: Occasion): readonly Live[] {
  const { databases, roles, apps, when } = entry;
  const { database, role, app, now } = occasion;
  if (!matches(databases, database) || !matches(roles, role) || !matches(apps, app)) return [];
  if (when === undefined) return [{ entry, until: undefined }];
  const end = endOfPeriod(when, now);
  return end === undefined ? [] : [{ entry, until: shownTime(end, when.timeZone) }];
}

function matches(patterns: readonly RegExp[] | undefined, name: string | undefined): boolean {
  if (patterns === undefined) return true;
  return name !== undefined && patterns.some((pattern) => pattern.test(name));
}

/** As the catalog has it; an index is its table's. */
function fullName(name: RelationName, facts: Facts, schema: string): string {
  const found = facts.relation(name);
  const known = found === "missing" || found === undefined ? name : (found.table ?? found);
  return `${known.schema ?? schema}.${known.name}`;
}

function withEntries(
  policy: GuardPolicy,
  live: readonly Live[],
  table: string | undefined,
): GuardPolicy {
  let severities = policy.severities;
  let freeze: Freeze | undefined;
  for (const { entry, until } of live) {
    if (!matches(entry.tables, table)) continue;
    severities = { ...severities, ...entry.severities };
    if (entry.freeze === true) freeze = { until, reason: entry.reason };
    if (entry.freeze === false) freeze = undefined;
  }
  return { ...policy, severities, freeze };
}

const STRICTNESS: Readonly<Record<Severity, number>> = { off: 0, warn: 1, block: 2 };

function strictest(one: GuardPolicy, other: GuardPolicy): GuardPolicy {
  const severities: Partial<Record<RuleId, Severity>> = {};
  for (const rule of RULES) {
    const [a, b] = [severityOf(rule, one), severityOf(rule, other)];
    severities[rule.id] = STRICTNESS[a] < STRICTNESS[b] ? b : a;
  }
  return { ...one, severities, freeze: one.freeze ?? other.freeze };
}
