import type { Rule } from "./rule.ts";
import { addingExclusionConstraint } from "./rules/adding-exclusion-constraint.ts";
import { addingFieldWithDefault } from "./rules/adding-field-with-default.ts";
import { addingForeignKeyConstraint } from "./rules/adding-foreign-key-constraint.ts";
import { addingForeignKeyInColumn } from "./rules/adding-foreign-key-in-column.ts";
import { addingGeneratedColumn } from "./rules/adding-generated-column.ts";
import { addingNotNullableField } from "./rules/adding-not-nullable-field.ts";
import { addingRequiredField } from "./rules/adding-required-field.ts";
import { addingSerialColumn } from "./rules/adding-serial-column.ts";
import { addingSerialPrimaryKeyField } from "./rules/adding-serial-primary-key-field.ts";
import { attachingPartitionWithoutCheck } from "./rules/attaching-partition-without-check.ts";
import { banCharField } from "./rules/ban-char-field.ts";
import { banCluster } from "./rules/ban-cluster.ts";
import { banConcurrentlyInTransaction } from "./rules/ban-concurrently-in-transaction.ts";
import { banDropCascade } from "./rules/ban-drop-cascade.ts";
import { banDropColumn } from "./rules/ban-drop-column.ts";
import { banDropDatabase } from "./rules/ban-drop-database.ts";
import { banDropDefault } from "./rules/ban-drop-default.ts";
import { banDropNotNull } from "./rules/ban-drop-not-null.ts";
import { banDropSchema } from "./rules/ban-drop-schema.ts";
import { banDropTable } from "./rules/ban-drop-table.ts";
import { banDropView } from "./rules/ban-drop-view.ts";
import { banLockTable } from "./rules/ban-lock-table.ts";
import { banSetSchema } from "./rules/ban-set-schema.ts";
import { banTruncate } from "./rules/ban-truncate.ts";
import { banTruncateCascade } from "./rules/ban-truncate-cascade.ts";
import { banVacuumFull } from "./rules/ban-vacuum-full.ts";
import { banValidateInSameTransaction } from "./rules/ban-validate-in-same-transaction.ts";
import { changingColumnType } from "./rules/changing-column-type.ts";
import { constraintMissingNotValid } from "./rules/constraint-missing-not-valid.ts";
import { disallowedUniqueConstraint } from "./rules/disallowed-unique-constraint.ts";
import { foreignKeyWithoutIndex } from "./rules/foreign-key-without-index.ts";
import { identifierTooLong } from "./rules/identifier-too-long.ts";
import { lockQueue } from "./rules/lock-queue.ts";
import { lockTimeout } from "./rules/lock-timeout.ts";
import { longWorkWithDdl } from "./rules/long-work-with-ddl.ts";
import { narrowingColumnType } from "./rules/narrowing-column-type.ts";
import { preferBigInt } from "./rules/prefer-big-int.ts";
import { preferIdentity } from "./rules/prefer-identity.ts";
import { preferJsonb } from "./rules/prefer-jsonb.ts";
import { preferTextField } from "./rules/prefer-text-field.ts";
import { preferTimestampTz } from "./rules/prefer-timestamp-tz.ts";
import { renamingColumn } from "./rules/renaming-column.ts";
import { renamingEnumValue } from "./rules/renaming-enum-value.ts";
import { renamingSchema } from "./rules/renaming-schema.ts";
import { renamingTable } from "./rules/renaming-table.ts";
import { requireConcurrentIndexCreation } from "./rules/require-concurrent-index-creation.ts";
import { requireConcurrentIndexDeletion } from "./rules/require-concurrent-index-deletion.ts";
import { requireConcurrentPartitionDetach } from "./rules/require-concurrent-partition-detach.ts";
import { requireConcurrentRefresh } from "./rules/require-concurrent-refresh.ts";
import { requireConcurrentReindex } from "./rules/require-concurrent-reindex.ts";
import { requireEnumValueOrdering } from "./rules/require-enum-value-ordering.ts";
import { requireWhere } from "./rules/require-where.ts";
import { rewritingTable } from "./rules/rewriting-table.ts";
import { schemaFreeze } from "./rules/schema-freeze.ts";
import { statementTimeout } from "./rules/statement-timeout.ts";
import { statementTimeoutTooShort } from "./rules/statement-timeout-too-short.ts";
import { statementUnderExclusiveLock } from "./rules/statement-under-exclusive-lock.ts";

/** All rules, in the order of `RULE_IDS`. To add one: a file, an id, a line here, rows in the tests. */
export const RULES: readonly Rule[] = [
  schemaFreeze,
  lockTimeout,
  statementTimeout,
  requireConcurrentIndexCreation,
  requireConcurrentIndexDeletion,
  requireConcurrentReindex,
  requireConcurrentRefresh,
  requireConcurrentPartitionDetach,
  banConcurrentlyInTransaction,
  banCluster,
  banVacuumFull,
  banLockTable,
  rewritingTable,
  constraintMissingNotValid,
  addingForeignKeyConstraint,
  addingForeignKeyInColumn,
  banValidateInSameTransaction,
  disallowedUniqueConstraint,
  addingSerialPrimaryKeyField,
  addingExclusionConstraint,
  addingNotNullableField,
  addingFieldWithDefault,
  addingGeneratedColumn,
  addingSerialColumn,
  changingColumnType,
  attachingPartitionWithoutCheck,
  statementUnderExclusiveLock,
  longWorkWithDdl,
  lockQueue,
  renamingColumn,
  renamingTable,
  renamingSchema,
  banSetSchema,
  renamingEnumValue,
  banDropColumn,
  banDropTable,
  banDropView,
  banDropNotNull,
  banDropDefault,
  banDropDatabase,
  banDropSchema,
  banDropCascade,
  addingRequiredField,
  narrowingColumnType,
  banTruncate,
  banTruncateCascade,
  preferJsonb,
  banCharField,
  preferTextField,
  preferBigInt,
  preferTimestampTz,
  preferIdentity,
  identifierTooLong,
  requireEnumValueOrdering,
  foreignKeyWithoutIndex,
  requireWhere,
  statementTimeoutTooShort,
];
