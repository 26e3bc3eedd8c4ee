import type { RuleId } from "../../src/base/rule-ids.ts";
import type { RelationFacts } from "../../src/guard/facts.ts";

export interface SafeSqlCase {
  readonly rule: RuleId;
  readonly sql: string;
  /** What is there before, beside `SCHEMA`. */
  readonly before?: string;
  /** Where another schema than that of the refused statement is the aim. */
  readonly ends?: "elsewhere";
  /** What is known of the server; nothing by default. */
  readonly relations?: readonly RelationFacts[];
  /** `server_version_num` */
  readonly since?: number;
}

export const SCHEMA = `
  CREATE TABLE u (id int PRIMARY KEY);
  INSERT INTO u SELECT * FROM generate_series(1, 100);
  CREATE TABLE t (a int, b text, c int, "Odd one" int);
  INSERT INTO t SELECT i, 'text ' || i, i, i FROM generate_series(1, 100) i;
`;

export const SAFE_SQL_CASES: readonly SafeSqlCase[] = [
  { rule: "constraint-missing-not-valid", sql: "ALTER TABLE t ADD CHECK (a > 0)" },
  { rule: "constraint-missing-not-valid", sql: "ALTER TABLE t ADD CHECK (a > 0 AND c > 0)" },
  {
    rule: "constraint-missing-not-valid",
    sql: `ALTER TABLE IF EXISTS app.t ADD COLUMN z text CHECK (z > 'a') COLLATE "C" DEFAULT 'b'`,
  },
  {
    rule: "constraint-missing-not-valid",
    sql: 'ALTER TABLE t ADD COLUMN z int DEFAULT 5, ADD CONSTRAINT "Odd" CHECK ("Odd one" > 0) NO INHERIT',
  },
  { rule: "adding-foreign-key-constraint", sql: "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u" },
  {
    rule: "adding-foreign-key-constraint",
    sql: 'ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY ("Odd one") REFERENCES u (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED',
  },
  {
    rule: "adding-foreign-key-in-column",
    sql: "ALTER TABLE t ADD COLUMN z int REFERENCES u ON DELETE CASCADE DEFERRABLE DEFAULT 1 NOT NULL",
  },
  {
    rule: "adding-foreign-key-in-column",
    sql: 'ALTER TABLE t ADD "Z" int DEFAULT 1 CONSTRAINT f REFERENCES u (id), ADD y int',
  },
  {
    rule: "ban-validate-in-same-transaction",
    sql: "ALTER TABLE t VALIDATE CONSTRAINT p, ADD COLUMN z int",
    before: "ALTER TABLE t ADD CONSTRAINT p CHECK (a > 0) NOT VALID",
  },
  { rule: "disallowed-unique-constraint", sql: "ALTER TABLE t ADD UNIQUE (a)" },
  {
    rule: "disallowed-unique-constraint",
    sql: 'ALTER TABLE app.t ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (a, "Odd one") INCLUDE (b) DEFERRABLE INITIALLY DEFERRED',
  },
  { rule: "disallowed-unique-constraint", sql: "ALTER TABLE t ADD UNIQUE (a) INCLUDE (b, c)" },
  { rule: "disallowed-unique-constraint", sql: "ALTER TABLE t ADD COLUMN z int UNIQUE, ADD y int" },
  { rule: "adding-serial-primary-key-field", sql: 'ALTER TABLE t ADD PRIMARY KEY (a, "Odd one")' },
  {
    rule: "adding-serial-primary-key-field",
    sql: "ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY (a) DEFERRABLE",
  },
  { rule: "adding-not-nullable-field", sql: 'ALTER TABLE t ALTER COLUMN "Odd one" SET NOT NULL' },
  {
    rule: "adding-not-nullable-field",
    sql: "ALTER TABLE t ALTER a SET NOT NULL, ADD COLUMN z int",
  },
  {
    rule: "adding-not-nullable-field",
    sql: "ALTER TABLE t ADD CONSTRAINT named NOT NULL a",
    since: 180_000,
  },
];
