import type { Usage } from "../version/usage.ts";
import type { Window } from "../version/window.ts";
import type { LockInUse } from "./lock-in-use.ts";
import type { RelationName } from "./relation-name.ts";

/** What is known of the server beside a statement's text. Undefined is not known, never none. */
export interface Facts {
  /** `server_version_num`: 180004. */
  readonly serverVersion: number | undefined;
  /** What the session has in force; 0 is without limit. */
  readonly lockTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
  /** What the server's disk does. */
  readonly bytesPerSecond: number | undefined;
  /** Undefined until it has watched for long enough that what it has not seen is not there. */
  readonly usage: Usage | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number | undefined;
  /** Open windows: a rename that one of them expects breaks nobody. */
  readonly windows: readonly Window[];
  /**
   * The relation of this name, by the session's search path; "missing" if there is none. Called for
   * tables, indexes and views.
   */
  relation(name: RelationName): RelationFacts | "missing" | undefined;
  /** What other transactions have locked of it, or wait for, right now; with its partitions and heirs. */
  locksOn(name: RelationName): readonly LockInUse[] | undefined;
}

export interface RelationFacts {
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly isTemporary?: boolean;
  /** Of an index: its table. */
  readonly table?: RelationName;
  /** On disk, with what is toasted and with all partitions, but without indexes. */
  readonly bytes?: number;
  /** Rows, as the statistics have it. */
  readonly tuples?: number;
  readonly columns?: readonly ColumnFacts[];
  readonly constraints?: readonly ConstraintFacts[];
  readonly indexes?: readonly IndexFacts[];
  /** Foreign keys of other tables that point here. */
  readonly referencedBy?: readonly RelationName[];
  readonly partitions?: readonly RelationName[];
  /** As `pg_get_partkeydef` has it: `RANGE (created_at)`. */
  readonly partitionKey?: string;
  /** Where they were asked for. */
  readonly locks?: readonly LockInUse[];
}

export type RelationKind =
  | "table"
  | "partitioned table"
  | "foreign table"
  | "index"
  | "view"
  | "materialized view"
  | "sequence"
  | "composite type";

export interface ColumnFacts {
  readonly name: string;
  /** As `format_type` has it: `character varying(20)`, `numeric(10,2)`, `integer`. */
  readonly type: string;
  readonly isNotNull: boolean;
  /** The default's expression, as `pg_get_expr` has it. */
  readonly default?: string;
  readonly isIdentity?: boolean;
  readonly isGenerated?: boolean;
}

export interface ConstraintFacts {
  readonly name: string;
  readonly kind: "check" | "foreign key" | "unique" | "primary key" | "exclusion" | "not null";
  readonly isValidated: boolean;
  /** As `pg_get_constraintdef` has it: `CHECK ((a IS NOT NULL))`. */
  readonly definition: string;
}

export interface IndexFacts {
  readonly name: string;
  /** Expressions leave a gap: undefined. */
  readonly columns: readonly (string | undefined)[];
  readonly isUnique: boolean;
  readonly isValid: boolean;
}

/** Nothing but the text. */
export const NO_FACTS: Facts = {
  serverVersion: undefined,
  lockTimeoutMs: undefined,
  statementTimeoutMs: undefined,
  bytesPerSecond: undefined,
  usage: undefined,
  now: undefined,
  windows: [],
  relation: () => undefined,
  locksOn: () => undefined,
};
