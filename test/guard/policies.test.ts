import { beforeAll, describe, expect, test } from "vitest";
import { guardSettings } from "../../src/cli/guard-settings.ts";
import { parseConfig } from "../../src/config/load.ts";
import { NO_FACTS, type RelationFacts } from "../../src/guard/facts.ts";
import { rulesInForce } from "../../src/guard/guard-settings.ts";
import { type Occasion, policyFor } from "../../src/guard/policies.ts";
import { loadParser, parseSql } from "../../src/sql/parse.ts";

beforeAll(loadParser);

const OCCASION: Occasion = {
  database: "shop",
  role: "app",
  app: "orders-api",
  now: Date.parse("2026-11-28T12:00:00Z"),
  schema: "public",
};

const INDEX: RelationFacts = {
  schema: "billing",
  name: "by_day",
  kind: "index",
  table: { schema: "billing", name: "invoices" },
};

function settings(yaml: string) {
  const read = parseConfig(`server: { host: db }\nguard: { ${yaml} }`, {});
  if (read.kind === "error") throw new Error(read.message);
  return guardSettings(read.config);
}

/** What holds for a statement: a rule's severity, and until when schema changes are frozen. */
function holds(yaml: string, sql: string, occasion: Partial<Occasion> = {}) {
  const parsed = parseSql(sql);
  const [statement] = parsed.kind === "parsed" ? parsed.statements : [];
  if (statement === undefined) throw new Error(`not parsed: ${sql}`);
  const facts = {
    ...NO_FACTS,
    relation: ({ name }: { readonly name: string }) => (name === INDEX.name ? INDEX : undefined),
  };
  const at = { ...OCCASION, ...occasion };
  const { severities, freeze } = policyFor(settings(yaml), at, { statement, facts });
  return {
    severity: severities["ban-drop-table"],
    freeze: freeze === undefined ? undefined : (freeze.until ?? "ever"),
  };
}

const DROP = "DROP TABLE orders";
const OFF = "rules: { ban-drop-table: off }";
const WARN = "rules: { ban-drop-table: warn }";

describe("what an entry is for", () => {
  const cases: readonly {
    readonly entry: string;
    readonly sql?: string;
    readonly occasion?: Partial<Occasion>;
    readonly isMatch: boolean;
  }[] = [
    { entry: "", isMatch: true },
    { entry: "databases: [shop]", isMatch: true },
    { entry: "databases: [sho]", isMatch: false },
    { entry: 'databases: [crm, "s*p"]', isMatch: true },
    { entry: 'databases: ["s.op"]', isMatch: false },
    { entry: "databases: [Shop]", isMatch: false },
    { entry: "databases: []", isMatch: false },
    { entry: "roles: [app]", isMatch: true },
    { entry: "roles: [dba]", isMatch: false },
    { entry: 'apps: ["orders-*"]', isMatch: true },
    { entry: 'apps: ["*"]', occasion: { app: undefined }, isMatch: false },
    { entry: "databases: [shop], roles: [dba]", isMatch: false },
    { entry: "tables: [orders]", isMatch: true },
    { entry: "tables: [public.orders]", isMatch: true },
    { entry: "tables: [billing.orders]", isMatch: false },
    { entry: "tables: [billing.orders]", occasion: { schema: "billing" }, isMatch: true },
    { entry: "tables: [orders]", sql: "DROP TABLE billing.orders", isMatch: false },
    { entry: 'tables: ["*"]', sql: "DROP TABLE billing.orders", isMatch: false },
    { entry: 'tables: ["*.*"]', sql: "DROP TABLE billing.orders", isMatch: true },
    { entry: "tables: [billing.invoices]", sql: "DROP INDEX by_day", isMatch: true },
    { entry: "tables: [orders]", sql: "UPDATE orders SET a = 1", isMatch: true },
    {
      entry: "tables: [orders]",
      sql: "WITH a AS (DELETE FROM orders RETURNING *) SELECT * FROM a",
      isMatch: true,
    },
    { entry: "tables: [orders]", sql: "SELECT * FROM orders", isMatch: false },
    { entry: "tables: [orders]", sql: "LOCK TABLE orders", isMatch: true },
    { entry: "tables: [orders]", sql: "CREATE TABLE orders (id int)", isMatch: true },
    { entry: "tables: [orders]", sql: "CREATE INDEX ON orders (id)", isMatch: true },
    { entry: 'tables: ["*.*"]', sql: "DROP SCHEMA billing CASCADE", isMatch: false },
    { entry: "tables: [a]", sql: "DO $$ BEGIN DROP TABLE b; DROP TABLE a; END $$", isMatch: false },
    {
      entry: "tables: [a, b]",
      sql: "DO $$ BEGIN DROP TABLE b; DROP TABLE a; END $$",
      isMatch: true,
    },
    { entry: "tables: [orders]", sql: "DROP TABLE orders, users", isMatch: false },
    { entry: "when: { from: 'Sat 12:00', to: 'Sat 12:01' }", isMatch: true },
    { entry: "when: { from: 'Sat 12:01', to: 'Sun 00:00' }", isMatch: false },
    {
      entry: "when: { from: '13:00', to: '13:01', time_zone: Europe/Berlin }",
      isMatch: true,
    },
  ];
  for (const { entry, sql = DROP, occasion, isMatch } of cases) {
    const also = occasion === undefined ? "" : ` ${JSON.stringify(occasion)}`;
    test(`{ ${entry} }${also} ${isMatch ? "is" : "is not"} for ${sql}`, () => {
      const comma = entry === "" ? "" : ", ";
      const { severity } = holds(`policies: [{ ${entry}${comma}${OFF} }]`, sql, occasion);
      expect(severity === "off").toBe(isMatch);
    });
  }
});

const ORDERED: readonly {
  readonly name: string;
  readonly yaml: string;
  readonly sql?: string;
  readonly holds: { readonly severity?: string; readonly freeze?: string };
}[] = [
  {
    name: "the last entry that names a rule counts",
    yaml: `policies: [{ ${OFF} }, { ${WARN} }, { rules: { ban-cluster: off } }]`,
    holds: { severity: "warn" },
  },
  {
    name: "an entry counts before guard.rules",
    yaml: `rules: { ban-drop-table: off }, policies: [{ ${WARN} }]`,
    holds: { severity: "warn" },
  },
  {
    name: "what no entry says is as guard.rules has it",
    yaml: `rules: { ban-drop-table: off }, policies: [{ rules: { ban-cluster: off } }]`,
    holds: { severity: "off" },
  },
  {
    name: "of several tables the strictest counts",
    yaml: `policies: [{ ${OFF} }, { tables: [users], ${WARN} }]`,
    sql: "DROP TABLE orders, users, payments",
    holds: { severity: "warn" },
  },
  {
    name: "and one frozen table is enough",
    yaml: "policies: [{ tables: [users], freeze: true }]",
    sql: "DROP TABLE orders, users",
    holds: { severity: "block", freeze: "ever" },
  },
  {
    name: "a freeze says when it ends",
    yaml: "policies: [{ freeze: true, when: { from: 'Fri 16:00', to: 'Mon 08:00', time_zone: Europe/Berlin } }]",
    holds: { freeze: "Mon 2026-11-30 08:00 (Europe/Berlin)" },
  },
  {
    name: "a later entry ends it for some",
    yaml: "policies: [{ freeze: true }, { roles: [app], freeze: false }]",
    holds: {},
  },
  {
    name: "or begins it again",
    yaml: "policies: [{ freeze: true }, { freeze: false }, { roles: [app], freeze: true }]",
    holds: { freeze: "ever" },
  },
];
for (const { name, yaml, sql = DROP, holds: expected } of ORDERED) {
  test(name, () => {
    expect(holds(yaml, sql)).toEqual({ severity: undefined, freeze: undefined, ...expected });
  });
}

test("a rule that is off but for an entry is in force", () => {
  const off = "rules: { ban-drop-table: off }";
  expect(rulesInForce(settings(off))).not.toContain("ban-drop-table");
  expect(rulesInForce(settings(`${off}, policies: [{ roles: [app], ${WARN} }]`))).toContain(
    "ban-drop-table",
  );
});

test("without an entry that freezes the rule about it is not in force", () => {
  expect(rulesInForce(settings("policies: [{ freeze: false }]"))).not.toContain("schema-freeze");
  expect(rulesInForce(settings("policies: [{ freeze: true }]"))).toContain("schema-freeze");
});
