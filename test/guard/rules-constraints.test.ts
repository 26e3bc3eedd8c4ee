import { beforeAll, expect, test } from "vitest";
import type { RuleId } from "../../src/base/rule-ids.ts";
import type { RelationFacts } from "../../src/guard/facts.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { large, rulesAgainst, small } from "./judging.ts";
import { type RuleCases, testRules } from "./rule-cases.ts";

beforeAll(loadParser);

const NEW = "CREATE TABLE n (id int)";
const PROOF =
  "ALTER TABLE t ADD CONSTRAINT p CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT p";

const cases: RuleCases = {
  "constraint-missing-not-valid": {
    refused: [
      "ALTER TABLE t ADD CHECK (a > 0)",
      "ALTER TABLE t ADD b int, ADD CONSTRAINT c CHECK (a > 0)",
      "ALTER TABLE t ADD COLUMN b int CHECK (b > 0)",
      "DO $$ BEGIN ALTER TABLE t ADD CHECK (a > 0); END $$",
    ],
    allowed: [
      "ALTER TABLE t ADD CHECK (a > 0) NOT VALID",
      "ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED",
      `${NEW}; ALTER TABLE n ADD CHECK (id > 0)`,
      "CREATE TABLE t (a int CHECK (a > 0))",
    ],
  },
  "adding-foreign-key-constraint": {
    refused: [
      "ALTER TABLE s.t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u (id) ON DELETE CASCADE",
      "ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES u DEFERRABLE INITIALLY DEFERRED",
    ],
    allowed: [
      "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID",
      "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT ENFORCED",
      `${NEW}; ALTER TABLE n ADD FOREIGN KEY (id) REFERENCES u`,
    ],
  },
  "adding-foreign-key-in-column": {
    refused: ["ALTER TABLE t ADD COLUMN b int DEFAULT 1 NOT NULL REFERENCES u (id)"],
    allowed: [
      "CREATE TABLE t (a int REFERENCES u)",
      `${NEW}; ALTER TABLE t ADD COLUMN b int REFERENCES n`,
      "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
    ],
  },
  "ban-validate-in-same-transaction": {
    refused: [
      "BEGIN; ALTER TABLE t ADD CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT t_a_check",
      "BEGIN; ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT f",
      "BEGIN; LOCK TABLE t; ALTER TABLE t VALIDATE CONSTRAINT c",
      "ALTER TABLE t VALIDATE CONSTRAINT c, ADD COLUMN b int",
    ],
    allowed: [
      PROOF,
      "BEGIN; ALTER TABLE t VALIDATE CONSTRAINT c; COMMIT",
      "BEGIN; ALTER TABLE u ADD CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c",
      "BEGIN; ALTER TABLE t ADD CHECK (a > 0) NOT VALID; COMMIT; BEGIN; ALTER TABLE t VALIDATE CONSTRAINT c",
    ],
  },
  "disallowed-unique-constraint": {
    refused: [
      "ALTER TABLE t ADD UNIQUE (a, b)",
      "ALTER TABLE t ADD COLUMN b int UNIQUE",
      "ALTER TABLE t ADD UNIQUE (a) WITH (fillfactor = 70)",
    ],
    allowed: ["ALTER TABLE t ADD UNIQUE USING INDEX i", `${NEW}; ALTER TABLE n ADD UNIQUE (id)`],
  },
  "adding-serial-primary-key-field": {
    refused: [
      "ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY (a)",
      "ALTER TABLE t ADD id bigserial PRIMARY KEY",
    ],
    allowed: [
      "ALTER TABLE t ADD PRIMARY KEY USING INDEX i",
      `${NEW}; ALTER TABLE n ADD PRIMARY KEY (id)`,
    ],
  },
  "adding-exclusion-constraint": {
    refused: ["ALTER TABLE t ADD b int, ADD CONSTRAINT x EXCLUDE (a WITH =)"],
    allowed: [`${NEW}; ALTER TABLE n ADD EXCLUDE (id WITH =)`],
  },
  "adding-not-nullable-field": {
    refused: [
      "ALTER TABLE t ALTER a SET NOT NULL",
      "ALTER TABLE t ADD CONSTRAINT n NOT NULL a",
      `BEGIN; ${PROOF}; ROLLBACK; ALTER TABLE t ALTER a SET NOT NULL`,
      `${PROOF}; ALTER TABLE t ALTER b SET NOT NULL`,
      "ALTER TABLE t ADD CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t ALTER a SET NOT NULL",
    ],
    allowed: [
      `${PROOF}; ALTER TABLE t ALTER a SET NOT NULL`,
      "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID",
      `${NEW}; ALTER TABLE n ALTER id SET NOT NULL`,
      "ALTER TABLE t ALTER a DROP NOT NULL",
    ],
  },
};

testRules(cases);

const A_NULLABLE = { columns: [{ name: "a", type: "integer", isNotNull: false }] };
const A_NOT_NULL = { columns: [{ name: "a", type: "integer", isNotNull: true }] };
const INDEX = { indexes: [{ name: "i", columns: ["a"], isUnique: true, isValid: true }] };

const known: readonly {
  readonly sql: string;
  readonly rule: RuleId;
  readonly refused: Partial<RelationFacts>;
  readonly allowed: Partial<RelationFacts> | "small";
}[] = [
  {
    sql: "ALTER TABLE t ALTER a SET NOT NULL",
    rule: "adding-not-nullable-field",
    refused: {
      constraints: [
        { name: "c", kind: "check", isValidated: false, definition: "CHECK ((a IS NOT NULL))" },
      ],
    },
    allowed: {
      constraints: [
        { name: "c", kind: "check", isValidated: true, definition: "CHECK ((a IS NOT NULL))" },
      ],
    },
  },
  {
    sql: "ALTER TABLE t ADD PRIMARY KEY USING INDEX i",
    rule: "adding-serial-primary-key-field",
    refused: { ...A_NULLABLE, ...INDEX },
    allowed: { ...A_NOT_NULL, ...INDEX },
  },
  ...(
    [
      ["ALTER TABLE t ADD CHECK (a > 0)", "constraint-missing-not-valid"],
      ["ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u", "adding-foreign-key-constraint"],
      ["ALTER TABLE t ADD UNIQUE (a)", "disallowed-unique-constraint"],
      ["ALTER TABLE t ADD PRIMARY KEY (a)", "adding-serial-primary-key-field"],
      ["ALTER TABLE t ADD EXCLUDE (a WITH =)", "adding-exclusion-constraint"],
      ["ALTER TABLE t ALTER a SET NOT NULL", "adding-not-nullable-field"],
    ] as const
  ).map(([sql, rule]) => ({ sql, rule, refused: {}, allowed: "small" }) as const),
];

for (const { sql, rule, refused, allowed } of known) {
  test(`${rule} by what is known of the server: ${sql}`, () => {
    const rules = (relation: RelationFacts) => rulesAgainst(sql, { relations: [relation] });
    expect(rules(large("t", refused))).toContain(rule);
    expect(rules(allowed === "small" ? small("t") : large("t", allowed))).not.toContain(rule);
  });
}
