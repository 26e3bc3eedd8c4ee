import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { serverFacts } from "../../../src/cli/lint/server-facts.ts";
import type { Plan, Step } from "../../../src/cli/plan/plan.ts";
import { planChange } from "../../../src/cli/plan/plan-change.ts";
import { scriptOf } from "../../../src/cli/plan/plan-report.ts";
import { type Facts, NO_FACTS } from "../../../src/guard/facts.ts";
import { DEFAULT_POLICY } from "../../../src/guard/guard-policy.ts";
import { loadParser } from "../../../src/sql/parse.ts";
import { createDatabase, type TestDatabase } from "../../support/server.ts";

/** Plans, carried out on a real server: they end where the statement itself would have ended. */

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  await loadParser();
  database = await createDatabase();
  client = new pg.Client(database.connection);
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

const SCHEMA = `
  CREATE TABLE shops (id int PRIMARY KEY);
  CREATE TABLE orders (
    id int PRIMARY KEY, user_id int, number text, total int NOT NULL DEFAULT 7, note varchar(20) NOT NULL,
    "Größe" text);
  CREATE INDEX orders_note ON orders (note);
  INSERT INTO shops VALUES (1);
  INSERT INTO orders SELECT n, n, 'n' || n, n, 'note', n::text FROM generate_series(1, 3000) AS n;
`;

beforeEach(async () => {
  await client.query("RESET lock_timeout; RESET statement_timeout");
  for (const schema of ["planned", "direct"]) {
    await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`);
    await client.query(`SET search_path = ${schema}; ${SCHEMA}`);
  }
  await client.query("SET client_min_messages = error");
});

/** What is in a schema, but for the columns' order. NOT NULL is told by the columns. */
async function describeSchema(schema: string): Promise<unknown> {
  await client.query(`SET search_path = ${schema}`);
  const { rows } = await client.query(`
    SELECT format('%s.%s %s null:%s default:%s', c.relname, attname, format_type(atttypid, atttypmod),
             NOT attnotnull, pg_get_expr(adbin, adrelid)) AS what
      FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      WHERE relnamespace = current_schema()::regnamespace AND attnum > 0 AND NOT attisdropped AND relkind <> 'i'
    UNION ALL SELECT format('%s %s valid:%s', conname, pg_get_constraintdef(oid), convalidated)
      FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype <> 'n'
    UNION ALL SELECT format('%s valid:%s', pg_get_indexdef(indexrelid), indisvalid)
      FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relnamespace = current_schema()::regnamespace
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
    UNION ALL SELECT tgname FROM pg_trigger JOIN pg_class AS c ON c.oid = tgrelid
      WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal
    ORDER BY 1`);
  return rows.map(({ what }: { what: string }) => what.replaceAll(`${schema}.`, ""));
}

/** The server's, but with every table a large one. */
async function largeFacts(change: string): Promise<Facts> {
  await client.query("SET search_path = planned");
  const facts = (relation: Facts["relation"]): Facts => ({ ...NO_FACTS, relation });
  const known = await serverFacts(client, (relation) => {
    planChange(change, { facts: facts(relation), policy: DEFAULT_POLICY, version: "2.0.0" });
  });
  return facts((name) => {
    const found = known.relation(name);
    return typeof found === "object" ? { ...found, bytes: 1e11 } : found;
  });
}

function planned(change: string, facts: Facts): Plan {
  const plan = planChange(change, { facts, policy: DEFAULT_POLICY, version: "2.0.0" });
  if (typeof plan === "string") throw new Error(plan);
  return plan;
}

interface Case {
  readonly change: string;
  /** What each step is, in short. */
  readonly steps: readonly string[];
  /** The same with what a server knows; the same steps by default. */
  readonly knownSteps?: readonly string[];
  /** What people do at the first task that says this. */
  readonly byHand?: { readonly task: string; readonly sql: string };
}

const cases: readonly Case[] = [
  {
    change: "ALTER TABLE orders RENAME COLUMN user_id TO customer_id",
    steps: [
      "window",
      "task",
      "task",
      "ALTER TABLE orders RENAME COLUMN user_id TO customer_id",
      "task",
      "task",
    ],
  },
  {
    change: "ALTER TABLE orders RENAME TO purchases",
    steps: ["window", "task", "task", "ALTER TABLE orders RENAME TO purchases", "task", "task"],
  },
  {
    change: "ALTER TABLE orders DROP COLUMN note",
    steps: [
      "ALTER TABLE orders ALTER COLUMN note DROP NOT NULL",
      "task",
      "task",
      "ALTER TABLE orders DROP COLUMN note",
    ],
  },
  {
    change: "ALTER TABLE orders DROP COLUMN number",
    steps: [
      "ALTER TABLE orders ALTER COLUMN number DROP NOT NULL",
      "task",
      "task",
      "ALTER TABLE orders DROP COLUMN number",
    ],
    knownSteps: ["task", "task", "ALTER TABLE orders DROP COLUMN number"],
  },
  { change: "DROP TABLE orders, shops", steps: ["task", "task", "DROP TABLE orders, shops"] },
  {
    change: "ALTER TABLE orders ALTER COLUMN user_id SET NOT NULL",
    steps: [
      "task",
      "task",
      "ALTER TABLE orders ADD CONSTRAINT orders_user_id_present CHECK (user_id IS NOT NULL) NOT VALID",
      "ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_present",
      "ALTER TABLE orders ALTER COLUMN user_id SET NOT NULL",
      "ALTER TABLE orders DROP CONSTRAINT orders_user_id_present",
    ],
  },
  {
    change: "ALTER TABLE orders ADD COLUMN shop int NOT NULL REFERENCES shops",
    byHand: { task: "Give a value", sql: "UPDATE orders SET shop = 1" },
    steps: [
      "ALTER TABLE orders ADD COLUMN shop int",
      "ALTER TABLE orders ADD CONSTRAINT orders_shop_fkey FOREIGN KEY (shop) REFERENCES shops NOT VALID",
      "ALTER TABLE orders VALIDATE CONSTRAINT orders_shop_fkey",
      "task",
      "task",
      "ALTER TABLE orders ADD CONSTRAINT orders_shop_present CHECK (shop IS NOT NULL) NOT VALID",
      "ALTER TABLE orders VALIDATE CONSTRAINT orders_shop_present",
      "ALTER TABLE orders ALTER COLUMN shop SET NOT NULL",
      "ALTER TABLE orders DROP CONSTRAINT orders_shop_present",
    ],
  },
  {
    change: "CREATE INDEX orders_user_id ON orders (user_id)",
    steps: ["CREATE INDEX CONCURRENTLY orders_user_id ON orders (user_id)"],
  },
  { change: "DROP INDEX orders_note", steps: ["DROP INDEX CONCURRENTLY orders_note"] },
  {
    change: "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES orders (id)",
    steps: [
      "ALTER TABLE orders ADD CONSTRAINT orders_id_fkey FOREIGN KEY (id) REFERENCES orders (id) NOT VALID",
      "ALTER TABLE orders VALIDATE CONSTRAINT orders_id_fkey",
    ],
  },
  {
    change: "ALTER TABLE orders ADD CONSTRAINT numbered UNIQUE (number)",
    steps: [
      "CREATE UNIQUE INDEX CONCURRENTLY numbered ON orders (number)",
      "ALTER TABLE orders ADD CONSTRAINT numbered UNIQUE USING INDEX numbered",
    ],
  },
  {
    change: "ALTER TABLE orders ADD COLUMN a text, ADD CONSTRAINT positive CHECK (total > 0)",
    steps: [
      "ALTER TABLE orders ADD COLUMN a text",
      "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID",
      "ALTER TABLE orders VALIDATE CONSTRAINT positive",
    ],
  },
];

function short(step: Step): string {
  return step.kind === "sql" ? step.statements.join("; ") : step.kind;
}

async function carryOut({ steps }: Plan, byHand: Case["byHand"], between = async (_: Step) => {}) {
  await client.query("SET search_path = planned");
  for (const step of steps) {
    await between(step);
    if (step.kind === "task" && byHand !== undefined && step.what.startsWith(byHand.task)) {
      await client.query(byHand.sql);
    }
    if (step.kind !== "sql") continue;
    for (const statement of scriptOf(step.statements)) await client.query(statement);
  }
  await client.query("SET search_path = direct");
}

async function runDirectly(change: string, byHand: Case["byHand"]): Promise<void> {
  // What is required of rows that are there can't be asked for at once.
  const isRequired = byHand !== undefined;
  await client.query("SET search_path = direct");
  if (isRequired) await client.query("CREATE TABLE kept AS TABLE orders; TRUNCATE orders");
  await client.query(change);
  if (isRequired) await client.query("DROP TABLE kept");
}

for (const { change, steps, knownSteps = steps, byHand } of cases) {
  test(`offline: ${change}`, async () => {
    const plan = planned(change, NO_FACTS);
    expect(plan.unsafe).toEqual([]);
    expect(plan.steps.map(short)).toEqual(steps);
    await carryOut(plan, byHand);
    await runDirectly(change, byHand);
    expect(await describeSchema("planned")).toEqual(await describeSchema("direct"));
  });

  test(`with a server: ${change}`, async () => {
    const plan = planned(change, await largeFacts(change));
    expect(plan.unsafe).toEqual([]);
    expect(plan.steps.map(short)).toEqual(knownSteps);
    await carryOut(plan, byHand);
    await runDirectly(change, byHand);
    expect(await describeSchema("planned")).toEqual(await describeSchema("direct"));
  });
}

const types = [
  "ALTER TABLE orders ALTER COLUMN total TYPE bigint",
  "ALTER TABLE orders ALTER total SET DATA TYPE numeric(12,2) USING (total * 1.5 + orders.id)",
  'ALTER TABLE ONLY planned_or_direct.orders ALTER COLUMN "Größe" TYPE varchar(30) COLLATE "C" USING upper("Größe")',
];

for (const change of types) {
  test(`with a server, while an application goes on writing: ${change}`, async () => {
    const inSchema = (schema: string) => change.replace("planned_or_direct", schema);
    const plan = planned(inSchema("planned"), await largeFacts(inSchema("planned")));
    expect(plan.unsafe).toEqual([]);
    let last = 3000;
    let lastBefore = 0; // What is written after the exchange is of the new type as it is.
    const write = async (next: Step) => {
      last += 1;
      for (const schema of ["planned", "direct"]) {
        await client.query(
          `INSERT INTO ${schema}.orders (id, note, total, "Größe") VALUES (${last}, 'x', ${last}, '${last}')`,
        );
      }
      if (short(next).includes("RENAME")) lastBefore = last;
    };
    await carryOut(plan, undefined, write);
    await client.query("SET search_path = direct");
    await client.query(inSchema("direct"));
    expect(await describeSchema("planned")).toEqual(await describeSchema("direct"));
    const { rows } = await client.query(
      `SELECT count(*)::int AS count FROM planned.orders AS p JOIN direct.orders AS d
       ON p.id = d.id AND p.total = d.total AND p."Größe" = d."Größe" WHERE p.id <= ${lastBefore}`,
    );
    expect(lastBefore).toBeGreaterThan(3000);
    expect(rows).toEqual([{ count: lastBefore }]);
  });
}

test("offline, what hangs on a column whose type changes is left to people", () => {
  const plan = planned("ALTER TABLE orders ALTER COLUMN note TYPE text", NO_FACTS);
  const tasks = plan.steps.flatMap((step) => (step.kind === "task" ? [step.what] : []));
  expect(tasks[1]).toBe(
    "Give the new column what orders.note has: NOT NULL, its default, indexes and constraints. With --server this says which.",
  );
});

test("with a server it says what hangs on it", async () => {
  const change = "ALTER TABLE orders ALTER COLUMN id TYPE bigint";
  const plan = planned(change, await largeFacts(change));
  const tasks = plan.steps.flatMap((step) => (step.kind === "task" ? [step.what] : []));
  expect(tasks[1]).toBe(
    "Make again on the new column, by steps of their own plans, what is on id: orders_pkey: PRIMARY KEY (id); index orders_pkey.",
  );
});

test("a small table needs no steps", async () => {
  const change = "ALTER TABLE orders ALTER COLUMN total TYPE bigint";
  await client.query("SET search_path = planned");
  const known = await serverFacts(client, (relation) => {
    planChange(change, {
      facts: { ...NO_FACTS, relation },
      policy: DEFAULT_POLICY,
      version: "2.0.0",
    });
  });
  const plan = planned(change, { ...NO_FACTS, relation: known.relation });
  expect(plan.steps.map(short)).toEqual([change]);
});

test("what no safe way is known for has no steps", () => {
  const plan = planned("CLUSTER orders", NO_FACTS);
  expect(plan.steps).toEqual([]);
  expect(plan.unsafe).toEqual([
    expect.stringMatching(
      /^CLUSTER rewrites orders under an ACCESS EXCLUSIVE lock\. Use pg_repack/,
    ),
  ]);
  const key = planned("ALTER TABLE orders ADD COLUMN k int NOT NULL PRIMARY KEY", NO_FACTS);
  expect(key.steps).toEqual([]);
});

const noPlans = [
  { text: "", why: "there is no statement to plan" },
  { text: "DROP TABLE a; DROP TABLE b", why: "there are several statements; a plan is for one" },
  { text: "ALTER TABEL a", why: 'syntax error at or near "TABEL"' },
];

for (const { text, why } of noPlans) {
  test(`no plan: ${why}`, () => {
    expect(planChange(text, { facts: NO_FACTS, policy: DEFAULT_POLICY, version: "2.0.0" })).toBe(
      why,
    );
  });
}

test("where windows are in the store, a rename is a matter of its commands", () => {
  const policy = { ...DEFAULT_POLICY, windowsIn: "store" } as const;
  const planned = planChange("ALTER TABLE shop.orders RENAME TO purchases", {
    facts: NO_FACTS,
    policy,
    version: "2.1.0",
  });
  if (typeof planned === "string") throw new Error(planned);
  expect(planned.unsafe).toEqual([]);
  expect(
    planned.steps.map((step) => (step.kind === "commands" ? step.commands : step.kind)),
  ).toEqual([
    [
      "straddle window plan --table shop.orders --rename-table purchases --old '<2.1.0' --new '>=2.1.0'",
      "straddle window open shop.orders",
    ],
    "task",
    ["straddle window flip shop.orders"],
    ["straddle window close shop.orders"],
  ]);
});
