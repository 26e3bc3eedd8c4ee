import type { RuleId } from "../../base/rule-ids.ts";

/**
 * Which rules of other linters are about the same thing, by their own documentation: squawk's ids,
 * strong_migrations' checks, eugene's hints. "" is none. They read migrations before they run.
 */
export const OTHER_LINTERS: Readonly<
  Record<
    RuleId,
    { readonly squawk: string; readonly strongMigrations: string; readonly eugene: string }
  >
> = {
  "schema-freeze": { squawk: "", strongMigrations: "", eugene: "" },
  "lock-timeout": {
    squawk: "require-timeout-settings",
    strongMigrations: "(sets one)",
    eugene: "E9",
  },
  "statement-timeout": {
    squawk: "require-timeout-settings",
    strongMigrations: "(sets one)",
    eugene: "",
  },
  "require-concurrent-index-creation": {
    squawk: "require-concurrent-index-creation",
    strongMigrations: "add_index",
    eugene: "E6",
  },
  "require-concurrent-index-deletion": {
    squawk: "require-concurrent-index-deletion",
    strongMigrations: "remove_index",
    eugene: "",
  },
  "require-concurrent-reindex": {
    squawk: "require-concurrent-reindex",
    strongMigrations: "",
    eugene: "E10",
  },
  "require-concurrent-refresh": { squawk: "", strongMigrations: "", eugene: "" },
  "require-concurrent-partition-detach": {
    squawk: "require-concurrent-partition-detach",
    strongMigrations: "",
    eugene: "",
  },
  "ban-concurrently-in-transaction": {
    squawk: "ban-concurrent-index-creation-in-transaction",
    strongMigrations: "",
    eugene: "",
  },
  "ban-cluster": { squawk: "prefer-repack", strongMigrations: "", eugene: "E10" },
  "ban-vacuum-full": { squawk: "prefer-repack", strongMigrations: "", eugene: "E10" },
  "ban-lock-table": { squawk: "", strongMigrations: "", eugene: "" },
  "rewriting-table": { squawk: "", strongMigrations: "", eugene: "E10" },
  "constraint-missing-not-valid": {
    squawk: "constraint-missing-not-valid",
    strongMigrations: "add_check_constraint",
    eugene: "E1",
  },
  "adding-foreign-key-constraint": {
    squawk: "adding-foreign-key-constraint",
    strongMigrations: "add_foreign_key",
    eugene: "E1",
  },
  "adding-foreign-key-in-column": {
    squawk: "adding-foreign-key-constraint",
    strongMigrations: "add_reference",
    eugene: "E1",
  },
  "ban-validate-in-same-transaction": {
    squawk: "constraint-missing-not-valid",
    strongMigrations: "validate_foreign_key, validate_check_constraint",
    eugene: "E4",
  },
  "disallowed-unique-constraint": {
    squawk: "disallowed-unique-constraint",
    strongMigrations: "adding a unique constraint",
    eugene: "E7",
  },
  "adding-serial-primary-key-field": {
    squawk: "adding-serial-primary-key-field",
    strongMigrations: "",
    eugene: "W14",
  },
  "adding-exclusion-constraint": {
    squawk: "",
    strongMigrations: "add_exclusion_constraint",
    eugene: "E8",
  },
  "adding-not-nullable-field": {
    squawk: "adding-not-nullable-field",
    strongMigrations: "change_column_null",
    eugene: "E2",
  },
  "adding-field-with-default": {
    squawk: "adding-field-with-default",
    strongMigrations: "add_column_default",
    eugene: "E10",
  },
  "adding-generated-column": {
    squawk: "adding-field-with-default",
    strongMigrations: "add_column_generated_stored",
    eugene: "E11",
  },
  "adding-serial-column": {
    squawk: "",
    strongMigrations: "adding an auto-incrementing column",
    eugene: "E11",
  },
  "changing-column-type": {
    squawk: "changing-column-type",
    strongMigrations: "change_column",
    eugene: "E5",
  },
  "attaching-partition-without-check": { squawk: "", strongMigrations: "", eugene: "" },
  "statement-under-exclusive-lock": { squawk: "", strongMigrations: "", eugene: "E4" },
  "long-work-with-ddl": { squawk: "", strongMigrations: "", eugene: "E4" },
  "lock-queue": { squawk: "", strongMigrations: "", eugene: "" },
  "renaming-column": { squawk: "renaming-column", strongMigrations: "rename_column", eugene: "" },
  "renaming-table": {
    squawk: "renaming-table, renaming-object",
    strongMigrations: "rename_table",
    eugene: "",
  },
  "renaming-schema": {
    squawk: "renaming-object",
    strongMigrations: "renaming a schema",
    eugene: "",
  },
  "ban-set-schema": { squawk: "ban-set-schema", strongMigrations: "", eugene: "" },
  "renaming-enum-value": { squawk: "renaming-object", strongMigrations: "", eugene: "" },
  "ban-drop-column": { squawk: "ban-drop-column", strongMigrations: "remove_column", eugene: "" },
  "ban-drop-table": {
    squawk: "ban-drop-table",
    strongMigrations: "create_table with force",
    eugene: "",
  },
  "ban-drop-view": { squawk: "ban-drop-view", strongMigrations: "", eugene: "" },
  "ban-drop-not-null": { squawk: "ban-drop-not-null", strongMigrations: "", eugene: "" },
  "ban-drop-default": { squawk: "ban-drop-default", strongMigrations: "", eugene: "" },
  "ban-drop-database": { squawk: "ban-drop-database", strongMigrations: "", eugene: "" },
  "ban-drop-schema": { squawk: "ban-drop-schema", strongMigrations: "", eugene: "" },
  "ban-drop-cascade": { squawk: "", strongMigrations: "", eugene: "" },
  "adding-required-field": { squawk: "adding-required-field", strongMigrations: "", eugene: "" },
  "narrowing-column-type": {
    squawk: "changing-column-type",
    strongMigrations: "change_column",
    eugene: "E5",
  },
  "ban-truncate": { squawk: "", strongMigrations: "", eugene: "" },
  "ban-truncate-cascade": { squawk: "ban-truncate-cascade", strongMigrations: "", eugene: "" },
  "prefer-jsonb": { squawk: "", strongMigrations: "add_column_json", eugene: "E3" },
  "ban-char-field": { squawk: "ban-char-field", strongMigrations: "", eugene: "" },
  "prefer-text-field": { squawk: "prefer-text-field", strongMigrations: "", eugene: "" },
  "prefer-big-int": {
    squawk: "prefer-big-int, prefer-bigint-over-int, prefer-bigint-over-smallint",
    strongMigrations: "",
    eugene: "",
  },
  "prefer-timestamp-tz": { squawk: "prefer-timestamp-tz", strongMigrations: "", eugene: "" },
  "prefer-identity": { squawk: "prefer-identity", strongMigrations: "", eugene: "" },
  "identifier-too-long": { squawk: "identifier-too-long", strongMigrations: "", eugene: "" },
  "require-enum-value-ordering": {
    squawk: "require-enum-value-ordering",
    strongMigrations: "",
    eugene: "",
  },
  "foreign-key-without-index": { squawk: "", strongMigrations: "", eugene: "E15" },
  "require-where": { squawk: "", strongMigrations: "", eugene: "" },
  "statement-timeout-too-short": { squawk: "", strongMigrations: "", eugene: "" },
};
