import { beforeAll, expect, test } from "vitest";
import { ledgerNames } from "../../src/ledger/name-finder.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { describeStatements } from "../../src/sql/statement.ts";
import { Catalog, type Relation } from "../../src/version/catalog.ts";
import { namingFor } from "../../src/version/naming.ts";
import type { Window } from "../../src/version/window.ts";

beforeAll(() => loadParser());

let lastOid = 0;
function relation(schema: string, name: string, columns: string): Relation {
  lastOid += 1;
  return {
    oid: lastOid,
    schema,
    name,
    kind: "r",
    columns: columns.split(" ").map((each, index) => ({ name: each, attnum: index + 1 })),
  };
}

const CATALOG = new Catalog(
  [
    relation("pg_catalog", "pg_class", "oid relname"),
    relation("public", "orders", "id customer_id total"),
    relation("public", "customers", "id email"),
    relation("public", "people", "id name"),
    relation("tenant", "orders", "id total"),
  ],
  1,
  "shop",
);
const WINDOW: Window = {
  schema: "public",
  table: "person",
  renameTable: "people",
  renameColumns: new Map(),
  old: "<2.0.0",
  new: ">=2.0.0",
  app: undefined,
  closes: undefined,
};

const cases: { name: string; sql: string; path?: string[]; found: string[] }[] = [
  {
    name: "a path that is not known: any schema",
    sql: "SELECT id FROM orders",
    found: ["table .orders", "column .orders.id"],
  },
  {
    name: "the first of the path that has it",
    sql: "SELECT id FROM orders",
    path: ["pg_catalog", "tenant", "public"],
    found: ["table tenant.orders", "column tenant.orders.id"],
  },
  {
    name: "and those before it, as it may be there by now",
    sql: "SELECT id FROM customers",
    path: ["tenant", "public", "other"],
    found: [
      "table tenant.customers",
      "column tenant.customers.id",
      "table public.customers",
      "column public.customers.id",
    ],
  },
  {
    name: "none that is known has it: all of them",
    sql: "TABLE fresh",
    path: ["pg_temp_3", "tenant", "public"],
    found: ["table tenant.fresh", "row tenant.fresh", "table public.fresh", "row public.fresh"],
  },
  {
    name: "with its schema",
    sql: "SELECT FROM tenant.orders",
    path: ["public"],
    found: ["table tenant.orders"],
  },
  {
    name: "a table by the name that the version has for it",
    sql: "SELECT FROM person",
    path: ["public", "tenant"],
    found: ["table public.person"],
  },
  {
    name: "a bare column is of the tables that have it",
    sql: "SELECT email, customer_id FROM orders, customers",
    path: ["public"],
    found: [
      "table public.customers",
      "table public.orders",
      "column public.customers.email",
      "column public.orders.customer_id",
    ],
  },
  {
    name: "or of all, where none has it",
    sql: "SELECT nothing FROM orders, customers",
    path: ["public"],
    found: [
      "table public.customers",
      "table public.orders",
      "column public.customers.nothing",
      "column public.orders.nothing",
    ],
  },
  {
    name: "or where one of them is not known",
    sql: "SELECT email FROM fresh, customers",
    path: ["public"],
    found: [
      "table public.customers",
      "table public.fresh",
      "column public.customers.email",
      "column public.fresh.email",
    ],
  },
  {
    name: "the server's own tables are left out",
    sql: "SELECT relname, total FROM pg_class, tenant.orders",
    found: ["table tenant.orders", "column tenant.orders.total"],
  },
  { name: "no table", sql: "SELECT 1", found: [] },
  {
    name: "what does not tell",
    sql: "DO $$ BEGIN EXECUTE 'SEL' || 'ECT 1'; END $$",
    found: ["hidden"],
  },
];
for (const { name, sql, path, found } of cases) {
  test(name, () => {
    const [statement] = describeStatements(sql).statements;
    if (statement === undefined) throw new Error("no statement");
    const naming = namingFor({ app: "shop", version: "1.0.0" }, [WINDOW], CATALOG);
    const by = { naming, catalog: CATALOG, schemas: path };
    const names = ledgerNames(statement.shape.names, by).map((each) =>
      each.table === ""
        ? each.part
        : `${each.part} ${each.schema}.${each.table}${each.column && `.${each.column}`}`,
    );
    expect(names.sort()).toEqual(["version", ...found].sort());
  });
}
