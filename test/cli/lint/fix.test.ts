import { beforeAll, expect, test } from "vitest";
import { fixFile } from "../../../src/cli/lint/fix.ts";
import { NO_FACTS } from "../../../src/guard/facts.ts";
import { DEFAULT_POLICY } from "../../../src/guard/guard-policy.ts";
import type { Grouping } from "../../../src/guard/judge.ts";
import { loadParser } from "../../../src/sql/parse.ts";

beforeAll(loadParser);

const SET = "SET lock_timeout = '2s';\nSET statement_timeout = '5s';\n";
const NO_END = "SET statement_timeout = 0;\n";
const OUTSIDE = "-- straddle: can't run in a transaction: move it to a migration that has none";
const NEXT = "-- straddle: in a transaction of its own: move it to a migration of its own";

interface Case {
  readonly name: string;
  readonly text: string;
  readonly fixed: string;
  readonly path?: string;
  readonly grouping?: Grouping;
  /** The rules that still have something against it. */
  readonly left?: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: "what is safe is kept, byte for byte",
    text: "\ufeff-- Größe\r\nCREATE TABLE t (a text);\r\n\tCREATE INDEX ON t (a) ;\r\n\r\n",
    fixed: "\ufeff-- Größe\r\nCREATE TABLE t (a text);\r\n\tCREATE INDEX ON t (a) ;\r\n\r\n",
  },
  {
    name: "one statement for another; comments, blanks and a missing end stay",
    text: `${SET}/* 1 */ CREATE INDEX i\n  ON "Größe" (a) -- why\n  ; SELECT 1;\nDROP INDEX j`,
    fixed: `${SET}/* 1 */ ${NO_END}CREATE INDEX CONCURRENTLY i\n  ON "Größe" (a) -- why\n  ; SELECT 1;\nDROP INDEX CONCURRENTLY j`,
  },
  {
    name: "several statements for one, as far in as it",
    text: `${SET}  ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);`,
    fixed: `${SET}  ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\n  ${NO_END}  ALTER TABLE t VALIDATE CONSTRAINT c;`,
  },
  {
    name: "timeouts, once",
    text: "ALTER TABLE t ADD COLUMN a text;\nALTER TABLE t ADD COLUMN b text;",
    fixed: `${SET}ALTER TABLE t ADD COLUMN a text;\nALTER TABLE t ADD COLUMN b text;`,
  },
  {
    name: "timeouts, once for each changeset",
    path: "changelog.sql",
    text: "--liquibase formatted sql\n--changeset a:1\nALTER TABLE t ADD COLUMN a text;\n--changeset a:2\nALTER TABLE t ADD COLUMN b text;",
    fixed: `--liquibase formatted sql\n--changeset a:1\n${SET}ALTER TABLE t ADD COLUMN a text;\n--changeset a:2\n${SET}ALTER TABLE t ADD COLUMN b text;`,
  },
  {
    name: "the way down is not touched",
    path: "1.sql",
    text: `-- migrate:up transaction:false\n${SET}DROP INDEX i;\n-- migrate:down\nDROP INDEX j;`,
    fixed: `-- migrate:up transaction:false\n${SET}DROP INDEX CONCURRENTLY i;\n-- migrate:down\nDROP INDEX j;`,
  },
  {
    name: "in one transaction: what has to go elsewhere is marked, and left",
    grouping: "together",
    text: `${SET}CREATE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);`,
    fixed: `${SET}${OUTSIDE}\nCREATE INDEX CONCURRENTLY i ON t (a); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\n${NEXT}\nALTER TABLE t VALIDATE CONSTRAINT c;`,
    left: ["ban-concurrently-in-transaction", "ban-validate-in-same-transaction"],
  },
  {
    name: "a timeout that would cut long work short is taken off, and is there again for what comes after",
    text: "ALTER TABLE t ADD COLUMN a text;\nREINDEX TABLE CONCURRENTLY t;\nALTER TABLE t ADD COLUMN b text;",
    fixed: `${SET}ALTER TABLE t ADD COLUMN a text;\n${NO_END}REINDEX TABLE CONCURRENTLY t;\nSET statement_timeout = '5s';\nALTER TABLE t ADD COLUMN b text;`,
  },
  {
    name: "variables stay as they are written",
    text: `${SET}CREATE INDEX ON :"tab" (:col);\n\\echo it's done\nDROP INDEX \${schema}.i;`,
    fixed: `${SET}${NO_END}CREATE INDEX CONCURRENTLY ON :"tab" (:col);\n\\echo it's done\nDROP INDEX CONCURRENTLY \${schema}.i;`,
  },
  {
    name: "what is allowed, and what has no safe form, stays",
    text: `${SET}-- straddle:allow=require-concurrent-index-creation reason='x'\nCREATE INDEX i ON t (a);\nCLUSTER t;`,
    fixed: `${SET}-- straddle:allow=require-concurrent-index-creation reason='x'\nCREATE INDEX i ON t (a);\nCLUSTER t;`,
    left: ["ban-cluster"],
  },
];

for (const {
  name,
  text,
  fixed,
  path = "change.sql",
  grouping = "as written",
  left = [],
} of cases) {
  test(name, () => {
    const options = { facts: NO_FACTS, policy: DEFAULT_POLICY, grouping };
    const result = fixFile({ path, text }, options);
    expect(result.text).toBe(fixed);
    const open = result.left.findings.filter(({ allowed }) => allowed === undefined);
    expect(open.map(({ rule }) => rule)).toEqual(left);
    // Nothing is left to change the second time.
    expect(fixFile({ path, text: fixed }, options).text).toBe(fixed);
  });
}
