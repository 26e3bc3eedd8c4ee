/**
 * The guard's rules by their ids. Where squawk has a rule for the same thing, the id is squawk's. The
 * rules themselves are `guard/rules/<id>.ts`.
 */
export const RULE_IDS = [
  // Blocks others.
  "schema-freeze",
  "lock-timeout",
  "statement-timeout",
  "require-concurrent-index-creation",
  "require-concurrent-index-deletion",
  "require-concurrent-reindex",
  "require-concurrent-refresh",
  "require-concurrent-partition-detach",
  "ban-concurrently-in-transaction",
  "ban-cluster",
  "ban-vacuum-full",
  "ban-lock-table",
  "rewriting-table",
  "constraint-missing-not-valid",
  "adding-foreign-key-constraint",
  "adding-foreign-key-in-column",
  "ban-validate-in-same-transaction",
  "disallowed-unique-constraint",
  "adding-serial-primary-key-field",
  "adding-exclusion-constraint",
  "adding-not-nullable-field",
  "adding-field-with-default",
  "adding-generated-column",
  "adding-serial-column",
  "changing-column-type",
  "attaching-partition-without-check",
  "statement-under-exclusive-lock",
  "long-work-with-ddl",
  "lock-queue",
  // Breaks running versions.
  "renaming-column",
  "renaming-table",
  "renaming-schema",
  "ban-set-schema",
  "renaming-enum-value",
  "ban-drop-column",
  "ban-drop-table",
  "ban-drop-view",
  "ban-drop-not-null",
  "ban-drop-default",
  "ban-drop-database",
  "ban-drop-schema",
  "ban-drop-cascade",
  "adding-required-field",
  "narrowing-column-type",
  "ban-truncate",
  "ban-truncate-cascade",
  // Bites later.
  "prefer-jsonb",
  "ban-char-field",
  "prefer-text-field",
  "prefer-big-int",
  "prefer-timestamp-tz",
  "prefer-identity",
  "identifier-too-long",
  "require-enum-value-ordering",
  "foreign-key-without-index",
  "require-where",
  "statement-timeout-too-short",
] as const;

export type RuleId = (typeof RULE_IDS)[number];

export function isRuleId(text: string): text is RuleId {
  const ids: readonly string[] = RULE_IDS;
  return ids.includes(text);
}

/** `blocks` others, `breaks` running versions, bites `later`. */
export const RULE_GROUPS = ["blocks", "breaks", "later"] as const;

export type RuleGroup = (typeof RULE_GROUPS)[number];

export const SEVERITIES = ["block", "warn", "off"] as const;

export type Severity = (typeof SEVERITIES)[number];
