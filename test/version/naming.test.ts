import { expect, test } from "vitest";
import { Catalog } from "../../src/version/catalog.ts";
import { namingFor, windowProblems } from "../../src/version/naming.ts";
import type { Window } from "../../src/version/window.ts";

const ORDERS: Window = {
  schema: "public",
  table: "orders",
  renameTable: undefined,
  renameColumns: new Map([["user_id", "customer_id"]]),
  old: "<2.0.0",
  new: ">=2.0.0",
  app: "shop",
  closes: undefined,
};
const PERSON: Window = {
  ...ORDERS,
  table: "person",
  renameTable: "people",
  renameColumns: new Map(),
};
const TOTAL: Window = { ...ORDERS, renameColumns: new Map([["total", "amount"]]) };

function catalogOf(tables: Readonly<Record<string, string>>, epoch = 1): Catalog {
  const relations = Object.entries(tables).map(([name, columns], index) => ({
    oid: index + 1,
    schema: "public",
    name,
    kind: "r",
    columns: columns.split(" ").map((column, position) => ({ name: column, attnum: position + 1 })),
  }));
  return new Catalog(relations, epoch, "shop");
}

const BEFORE = catalogOf({ orders: "id user_id total note", person: "id" });
const AFTER = catalogOf({ orders: "id customer_id total note", people: "id" });

const exchanges = [
  { name: "old version before the flip", version: "1.9.0", catalog: BEFORE, exchange: {} },
  { name: "new version after the flip", version: "2.0.0", catalog: AFTER, exchange: {} },
  {
    name: "old version after the flip",
    version: "1.9.0",
    catalog: AFTER,
    exchange: { user_id: "customer_id", customer_id: "user_id" },
  },
  {
    name: "new version before the flip",
    version: "2.0.0",
    catalog: BEFORE,
    exchange: { user_id: "customer_id", customer_id: "user_id" },
  },
  {
    name: "a table that another window has renamed already",
    version: "1.9.0",
    windows: [
      { ...ORDERS, otherTables: ["purchases"] },
      { ...PERSON, table: "orders", renameTable: "purchases" },
    ],
    catalog: catalogOf({ purchases: "id customer_id total note" }),
    exchange: { user_id: "customer_id", customer_id: "user_id" },
  },
  {
    name: "a prerelease stands where semver orders it",
    version: "2.1.0-rc.1",
    catalog: AFTER,
    exchange: {},
  },
  {
    name: "a release candidate of the first new version is still old",
    version: "2.0.0-rc.1",
    catalog: AFTER,
    exchange: { user_id: "customer_id", customer_id: "user_id" },
  },
  { name: "a version of two numbers", version: "v2.1", catalog: AFTER, exchange: {} },
];
for (const { name, version, windows = [ORDERS], catalog, exchange } of exchanges) {
  test(name, () => {
    const naming = namingFor({ app: "shop", version }, windows, catalog);
    const [relation] = naming.relations;
    expect(Object.fromEntries(relation?.exchange ?? [["none", "none"]])).toEqual(exchange);
    expect(relation?.aliasCount).toBe(2);
  });
}

/** `user_id` becomes `total`, while `total` becomes `amount`. */
const CHAIN: Window = {
  ...ORDERS,
  renameColumns: new Map([
    ["user_id", "total"],
    ["total", "amount"],
  ]),
};
const chains = [
  { columns: "user_id total", version: "1.0.0", logical: "user_id total" },
  { columns: "user_id amount", version: "1.0.0", logical: "user_id total" },
  { columns: "total amount", version: "1.0.0", logical: "user_id total" },
  { columns: "user_id total", version: "2.0.0", logical: "total amount" },
  { columns: "user_id amount", version: "2.0.0", logical: "total amount" },
  { columns: "total amount", version: "2.0.0", logical: "total amount" },
];
for (const { columns, version, logical } of chains) {
  test(`a chain: ${version} on ${columns}`, () => {
    const catalog = catalogOf({ orders: `id ${columns} note` });
    const [relation] = namingFor({ app: "shop", version }, [CHAIN], catalog).relations;
    expect(relation?.columns.map((column) => column.logical).join(" ")).toBe(`id ${logical} note`);
    expect(relation?.chained.join(" ")).toBe(columns);
    // What is exchanged leads to a column each, and no two to the same one.
    const names = [...(relation?.exchange ?? [])];
    expect(new Set(names.map(([, physical]) => physical)).size).toBe(names.length);
  });
}

test("a column beside a chain is not part of it", () => {
  const catalog = catalogOf({ orders: "id user_id total note" });
  const window = { ...CHAIN, renameColumns: new Map([...CHAIN.renameColumns, ["note", "text"]]) };
  const [relation] = namingFor({ app: "shop", version: "1.0.0" }, [window], catalog).relations;
  expect(relation?.chained).toEqual(["user_id", "total"]);
});

test("an heir's own column that takes part in a chain with its parent's", () => {
  const columns = (names: string) =>
    names.split(" ").map((name, index) => ({ name, attnum: index + 1 }));
  const table = { schema: "public", kind: "r" };
  const catalog = new Catalog(
    [
      { ...table, oid: 1, name: "orders", columns: columns("id user_id") },
      { ...table, oid: 2, name: "heirs", columns: columns("id user_id total"), parents: [1] },
    ],
    1,
    "shop",
  );
  const windows = [
    { ...ORDERS, renameColumns: new Map([["user_id", "total"]]) },
    { ...ORDERS, table: "heirs", renameColumns: new Map([["total", "amount"]]) },
  ];
  const naming = namingFor({ app: "shop", version: "1.0.0" }, windows, catalog);
  expect(naming.relations.map(({ chained }) => chained)).toEqual([[], ["user_id", "total"]]);
});

test("a chain with a gap too many fits nothing", () => {
  const catalog = catalogOf({ orders: "id amount" });
  expect(windowProblems([CHAIN], catalog)).toEqual([
    "window on public.orders: of the columns user_id, total, amount all but one have to exist, and user_id and total do not",
  ]);
});

const strangers = [
  { name: "no tag", tag: undefined },
  { name: "another application", tag: { app: "other", version: "1.0.0" } },
  { name: "not a version", tag: { app: "shop", version: "main" } },
];
for (const { name, tag } of strangers) {
  test(`physical names for ${name}`, () => {
    expect(namingFor(tag, [ORDERS, PERSON], AFTER).isEmpty).toBe(true);
  });
}

test("windows on one table are one relation", () => {
  const naming = namingFor({ app: "shop", version: "1.0.0" }, [ORDERS, TOTAL], AFTER);
  expect(naming.relations.map(({ aliasCount }) => aliasCount)).toEqual([3]);
});

test("a renamed table is found by its logical name only", () => {
  const naming = namingFor({ app: "shop", version: "1.0.0" }, [PERSON], AFTER);
  expect(naming.byLogicalName("public", "person")).toMatchObject({
    physicalName: "people",
    isTableRenamed: true,
    aliasCount: 0,
  });
  expect(naming.byLogicalName("public", "people")).toBeUndefined();
});

test("words hold every name of the windows", () => {
  const naming = namingFor({ app: "shop", version: "1.0.0" }, [ORDERS, PERSON], AFTER);
  expect([...naming.words].sort()).toEqual([
    "customer_id",
    "orders",
    "people",
    "person",
    "user_id",
  ]);
});

const problems = [
  { name: "fits before", catalog: BEFORE, problems: [] },
  { name: "fits after", catalog: AFTER, problems: [] },
  {
    name: "no table",
    catalog: catalogOf({ person: "id" }),
    problems: ["window on public.orders: public.orders not found"],
  },
  {
    name: "both columns",
    catalog: catalogOf({ orders: "user_id customer_id", person: "id" }),
    problems: ["window on public.orders: both columns user_id and customer_id exist"],
  },
  {
    name: "neither column",
    catalog: catalogOf({ orders: "id", person: "id" }),
    problems: ["window on public.orders: neither column user_id nor customer_id exists"],
  },
  {
    name: "both tables",
    catalog: catalogOf({ orders: "user_id", person: "id", people: "id" }),
    problems: ["window on public.person: both person and people exist"],
  },
];
for (const { name, catalog, problems: expected } of problems) {
  test(`problems: ${name}`, () => {
    expect(windowProblems([ORDERS, PERSON], catalog)).toEqual(expected);
    const naming = namingFor({ app: "shop", version: "1.0.0" }, [ORDERS, PERSON], catalog);
    expect(naming.broken.map(({ problem }) => problem)).toEqual(expected);
  });
}

test("the identity changes with the catalog and the side, and is the same for the same", () => {
  const ids = [
    namingFor({ app: "shop", version: "1.0.0" }, [ORDERS], AFTER).id,
    namingFor({ app: "shop", version: "1.1.0" }, [ORDERS], AFTER).id,
    namingFor({ app: "shop", version: "2.0.0" }, [ORDERS], AFTER).id,
    namingFor({ app: "shop", version: "1.0.0" }, [ORDERS], BEFORE).id,
    namingFor(
      { app: "shop", version: "1.0.0" },
      [ORDERS],
      catalogOf({ orders: "id customer_id" }, 2),
    ).id,
  ];
  expect(ids.map((id) => ids.indexOf(id))).toEqual([0, 0, 2, 3, 4]);
});
