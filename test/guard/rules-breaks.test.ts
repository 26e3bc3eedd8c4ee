import { beforeAll, describe, expect, test } from "vitest";
import type { RuleId } from "../../src/base/rule-ids.ts";
import type { Facts } from "../../src/guard/facts.ts";
import { loadParser } from "../../src/sql/parse.ts";
import type { Use } from "../../src/version/usage.ts";
import type { Window } from "../../src/version/window.ts";
import { findingsOf, large, rulesAgainst } from "./judging.ts";
import { type RuleCases, testRules } from "./rule-cases.ts";

beforeAll(loadParser);

const NEW = "CREATE TABLE n (id int)";

const cases: RuleCases = {
  "renaming-column": {
    refused: ["ALTER TABLE t RENAME a TO b", "ALTER VIEW v RENAME COLUMN a TO b"],
    allowed: [
      `${NEW}; ALTER TABLE n RENAME id TO b`,
      "ALTER TABLE t RENAME CONSTRAINT a TO b",
      "ALTER TABLE t RENAME TO b",
    ],
  },
  "renaming-table": {
    refused: ["ALTER TABLE IF EXISTS s.t RENAME TO u", "ALTER VIEW v RENAME TO w"],
    allowed: [
      `${NEW}; ALTER TABLE n RENAME TO m`,
      "ALTER INDEX i RENAME TO j",
      "ALTER TABLE t RENAME a TO b",
      "ALTER TYPE y RENAME TO z",
    ],
  },
  "renaming-schema": {
    refused: ["ALTER SCHEMA a RENAME TO b"],
    allowed: ["ALTER SCHEMA a OWNER TO b", "ALTER DATABASE a RENAME TO b"],
  },
  "ban-set-schema": {
    refused: ["ALTER TABLE t SET SCHEMA s", "ALTER MATERIALIZED VIEW m SET SCHEMA s"],
    allowed: [`${NEW}; ALTER TABLE n SET SCHEMA s`, "ALTER FUNCTION f() SET SCHEMA s"],
  },
  "renaming-enum-value": {
    refused: ["ALTER TYPE s.y RENAME VALUE 'a' TO 'b'"],
    allowed: [
      "CREATE TYPE y AS ENUM ('a'); ALTER TYPE y RENAME VALUE 'a' TO 'b'",
      "ALTER TYPE y ADD VALUE 'b' AFTER 'a'",
    ],
  },
  "ban-drop-column": {
    refused: ["ALTER TABLE t DROP a", "ALTER TABLE t ADD b int, DROP COLUMN IF EXISTS a"],
    allowed: [`${NEW}; ALTER TABLE n DROP id`, "ALTER TABLE t DROP CONSTRAINT a"],
  },
  "ban-drop-table": {
    refused: ["DROP TABLE IF EXISTS t, u", "DROP FOREIGN TABLE f", `${NEW}; DROP TABLE n, t`],
    allowed: [`${NEW}; DROP TABLE n`, "DROP VIEW v"],
  },
  "ban-drop-view": {
    refused: ["DROP VIEW v", "DROP MATERIALIZED VIEW m"],
    allowed: ["CREATE VIEW v AS SELECT 1; DROP VIEW v", "DROP TABLE t"],
  },
  "ban-drop-not-null": {
    refused: ["ALTER TABLE t ALTER a DROP NOT NULL"],
    allowed: [`${NEW}; ALTER TABLE n ALTER id DROP NOT NULL`, "ALTER TABLE t ALTER a DROP DEFAULT"],
  },
  "ban-drop-default": {
    refused: ["ALTER TABLE t ALTER a DROP DEFAULT"],
    allowed: [
      "ALTER TABLE t ALTER a SET DEFAULT 1",
      "ALTER TABLE t ALTER a DROP DEFAULT, ALTER a ADD GENERATED ALWAYS AS IDENTITY",
      `${NEW}; ALTER TABLE n ALTER id DROP DEFAULT`,
    ],
  },
  "ban-drop-database": {
    refused: ["DROP DATABASE IF EXISTS d (FORCE)"],
    allowed: ["DROP TABLE d"],
  },
  "ban-drop-schema": {
    refused: ["DROP SCHEMA a, b CASCADE"],
    allowed: ["DROP SCHEMA a", "DROP TABLE a CASCADE"],
  },
  "ban-drop-cascade": {
    refused: [
      "DROP TABLE t CASCADE",
      "DROP FUNCTION f CASCADE",
      "DROP EXTENSION e CASCADE",
      "ALTER TABLE t DROP COLUMN a CASCADE",
      "ALTER TABLE t DROP CONSTRAINT c CASCADE",
      "DROP OWNED BY r CASCADE",
    ],
    allowed: ["DROP TABLE t RESTRICT", `${NEW}; DROP TABLE n CASCADE`, "ALTER TABLE t DROP a"],
  },
  "adding-required-field": {
    refused: [
      "ALTER TABLE t ADD b int NOT NULL",
      "ALTER TABLE t ADD b int PRIMARY KEY",
      "ALTER TABLE t ADD a int, ADD b text COLLATE \"C\" NOT NULL CHECK (b <> '')",
    ],
    allowed: [
      "ALTER TABLE t ADD b int",
      "ALTER TABLE t ADD b int NOT NULL DEFAULT 1",
      "ALTER TABLE t ADD b serial NOT NULL",
      "ALTER TABLE t ADD b int NOT NULL GENERATED ALWAYS AS IDENTITY",
      `${NEW}; ALTER TABLE n ADD b int NOT NULL`,
    ],
  },
  "narrowing-column-type": {
    refused: ["ALTER TABLE t ALTER a TYPE int", "ALTER TABLE t ALTER a TYPE numeric(5, 2)"],
    allowed: ["ALTER TABLE t ALTER a TYPE text", `${NEW}; ALTER TABLE n ALTER id TYPE smallint`],
  },
  "ban-truncate": {
    refused: ["TRUNCATE t", "TRUNCATE TABLE ONLY s.t, u RESTART IDENTITY"],
    allowed: [`${NEW}; TRUNCATE n`, "DELETE FROM t"],
  },
  "ban-truncate-cascade": {
    refused: ["TRUNCATE t CASCADE"],
    allowed: ["TRUNCATE t", `${NEW}; TRUNCATE n CASCADE`],
  },
};

testRules(cases);

const NOW = Date.UTC(2026, 0, 10);
const HOUR = 3_600_000;

function use(more: Partial<Use>): Use {
  return {
    tag: { app: "orders-api", version: "1.4.0" },
    firstSeenAt: 0,
    lastSeenAt: NOW - 1000 * HOUR,
    count: 1,
    perSecond: 0,
    liveSessions: 0,
    fingerprints: [],
    isCertain: true,
    client: "unix",
    ...more,
  };
}

/** The table t of the schema public, with a column a, and what is known of their use. */
function withUse(table: readonly Use[], column: readonly Use[], more: Partial<Facts> = {}) {
  const facts: Partial<Facts> = {
    now: NOW,
    usage: {
      of: (name) =>
        name.schema === "public" && name.table === "t" ? (name.column ? column : table) : [],
    },
    ...more,
  };
  const columns = [{ name: "a", type: "text", isNotNull: true, default: "1" }];
  return { facts, relations: [large("t", { columns, referencedBy: [] })] };
}

describe("the ledger decides", () => {
  const ofColumn: readonly (readonly [RuleId, string])[] = [
    ["ban-drop-column", "ALTER TABLE t DROP a"],
    ["renaming-column", "ALTER TABLE t RENAME a TO b"],
    ["ban-drop-not-null", "ALTER TABLE t ALTER a DROP NOT NULL"],
    ["narrowing-column-type", "ALTER TABLE t ALTER a TYPE varchar(5)"],
  ];
  const ofTable: readonly (readonly [RuleId, string])[] = [
    ["ban-drop-table", "DROP TABLE t"],
    ["renaming-table", "ALTER TABLE t RENAME TO z"],
    ["ban-set-schema", "ALTER TABLE t SET SCHEMA s"],
    ["ban-truncate", "TRUNCATE t"],
    ["ban-drop-default", "ALTER TABLE t ALTER a DROP DEFAULT"],
    ["adding-required-field", "ALTER TABLE t ADD b int NOT NULL"],
  ];
  const rows = [
    ...ofColumn.map(
      (row) =>
        [...row, (uses: readonly Use[]) => withUse([use({ liveSessions: 9 })], uses)] as const,
    ),
    ...ofTable.map(
      (row) =>
        [...row, (uses: readonly Use[]) => withUse(uses, [use({ liveSessions: 9 })])] as const,
    ),
  ];
  for (const [rule, sql, used] of rows) {
    test(`${rule}: ${sql}`, () => {
      expect(rulesAgainst(sql, used([]))).not.toContain(rule);
      expect(rulesAgainst(sql, used([use({})]))).not.toContain(rule);
      expect(rulesAgainst(sql, used([use({}), use({ liveSessions: 1 })]))).toContain(rule);
      expect(rulesAgainst(sql, used([use({ lastSeenAt: NOW - 23 * HOUR })]))).toContain(rule);
      expect(rulesAgainst(sql, used([use({ lastSeenAt: NOW - 25 * HOUR })]))).not.toContain(rule);
      const policy = { goneAfterMs: 30 * HOUR };
      const circumstances = { ...used([use({ lastSeenAt: NOW - 25 * HOUR })]), policy };
      expect(rulesAgainst(sql, circumstances)).toContain(rule);
    });
  }

  test("what is not known counts as used", () => {
    const { facts } = withUse([], []);
    const rules = (more: Partial<Facts>) =>
      rulesAgainst("ALTER TABLE public.t DROP a", { facts: { ...facts, ...more } });
    expect(rules({})).not.toContain("ban-drop-column");
    expect(rules({ usage: undefined })).toContain("ban-drop-column");
    expect(rules({ now: undefined })).toContain("ban-drop-column");
    expect(rulesAgainst("ALTER TABLE t DROP a", { facts })).toContain("ban-drop-column");
  });

  test("DETAIL says who, and how much", () => {
    const uses = [
      use({ lastSeenAt: NOW - 3 * 60_000, liveSessions: 4, perSecond: 12.4 }),
      use({ tag: undefined, lastSeenAt: NOW, isCertain: false }),
    ];
    const found = findingsOf("ALTER TABLE t DROP a", withUse([], uses));
    expect(found.find(({ rule }) => rule === "ban-drop-column")?.detail).toBe(
      "It is still used by orders-api@1.4.0 (last 3 minutes ago, 4 sessions, 12 a second), unknown versions (perhaps, last just now).",
    );
  });
});

const WINDOW: Window = {
  schema: "public",
  table: "t",
  renameTable: "things",
  renameColumns: new Map([["a", "b"]]),
  old: "<2.0.0",
  new: ">=2.0.0",
  app: undefined,
  closes: undefined,
};

test("where windows are in the store, HINT has the commands that open one", () => {
  const policy = { windowsIn: "store" } as const;
  const hints = (sql: string) =>
    findingsOf(sql, { policy })
      .filter(({ rule }) => rule.startsWith("renaming"))
      .map(({ hint }) => hint);
  const [column] = hints("ALTER TABLE s.t RENAME a TO b");
  expect(column).toContain(
    "straddle window plan --table s.t --rename a=b --old '<2.0.0' --new '>=2.0.0'; straddle window open s.t",
  );
  const [table] = hints("ALTER TABLE s.t RENAME TO u");
  expect(table).toContain("straddle window plan --table s.t --rename-table u --old '<2.0.0'");
});

describe("an open window", () => {
  const windows = { facts: { windows: [WINDOW] } };
  for (const sql of [
    "ALTER TABLE t RENAME a TO b",
    "ALTER TABLE public.things RENAME b TO a",
    "ALTER TABLE t RENAME TO things",
    "ALTER TABLE things RENAME TO t",
  ]) {
    test(`expects ${sql}`, () => {
      expect(rulesAgainst(sql, windows)).not.toContain("renaming-column");
      expect(rulesAgainst(sql, windows)).not.toContain("renaming-table");
    });
  }
  for (const sql of [
    "ALTER TABLE t RENAME a TO c",
    "ALTER TABLE s.t RENAME a TO b",
    "ALTER TABLE t RENAME TO z",
    "ALTER TABLE u RENAME TO things",
  ]) {
    test(`does not expect ${sql}`, () => {
      expect(rulesAgainst(sql, windows).join()).toMatch(/renaming-(column|table)/);
    });
  }

  test("either name of a column counts as a use of it", () => {
    const facts: Partial<Facts> = {
      now: NOW,
      windows: [WINDOW],
      usage: {
        of: ({ table, column }) =>
          table === "t" && column === "a" ? [use({ liveSessions: 1 })] : [],
      },
    };
    const relations = [
      large("things", { columns: [{ name: "b", type: "text", isNotNull: false }] }),
    ];
    expect(rulesAgainst("ALTER TABLE things DROP b", { facts, relations })).toContain(
      "ban-drop-column",
    );
  });

  test("without one, the hint has the window to open", () => {
    const [column] = findingsOf('ALTER TABLE s.t RENAME "A b" TO c').filter(
      ({ rule }) => rule === "renaming-column",
    );
    expect(column?.hint).toContain(
      'windows: [{ table: s.t, rename: { "A b": c }, old: "<2.0.0", new: ">=2.0.0" }]',
    );
    const [table] = findingsOf("ALTER TABLE t RENAME TO u").filter(
      ({ rule }) => rule === "renaming-table",
    );
    expect(table?.hint).toContain(
      'windows: [{ table: t, rename_table: u, old: "<2.0.0", new: ">=2.0.0" }]',
    );
  });
});

test("TRUNCATE ... CASCADE of a table that nothing refers to is a plain one", () => {
  const rules = (names: readonly string[]) =>
    rulesAgainst("TRUNCATE t CASCADE", {
      relations: [large("t", { referencedBy: names.map((name) => ({ schema: "public", name })) })],
    });
  expect(rules([])).not.toContain("ban-truncate-cascade");
  expect(rules(["u"])).toContain("ban-truncate-cascade");
});

test("a column that is not there, is nullable, or has no default, is not made worse", () => {
  const columns = [{ name: "a", type: "text", isNotNull: false }];
  const rules = (sql: string) => rulesAgainst(sql, { relations: [large("t", { columns })] });
  expect(rules("ALTER TABLE t DROP COLUMN IF EXISTS z")).not.toContain("ban-drop-column");
  expect(rules("ALTER TABLE t ALTER a DROP NOT NULL")).not.toContain("ban-drop-not-null");
  expect(rules("ALTER TABLE t ALTER a DROP DEFAULT")).not.toContain("ban-drop-default");
});
