import { expect, test } from "vitest";
import { StoreWindows } from "../../../src/cli/fleet/store-windows.ts";
import { parseConfig } from "../../../src/config/load.ts";

/** The windows of the file and of the store as one. */

const FILE = `
server: { host: db }
windows: [{ table: orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }]
`;

function storeWindows(yaml = FILE): StoreWindows {
  const loaded = parseConfig(yaml, {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  return new StoreWindows(loaded.config);
}

const ENTRY = {
  table: '"public"."orders"',
  rename: { user_id: "customer_id" },
  old: "<2.0.0",
  new: ">=2.0.0",
};
const stored = (id: number, entry: object = {}, more: object = {}) => ({
  id,
  kind: "rename",
  format: 1,
  entry: { ...ENTRY, ...entry },
  ...more,
});

const cases: readonly {
  readonly name: string;
  readonly windows: readonly ReturnType<typeof stored>[];
  readonly tables: readonly string[];
  readonly refused: string;
}[] = [
  { name: "none in the store", windows: [], tables: ["orders"], refused: "" },
  { name: "the same in both is one", windows: [stored(1)], tables: ["orders"], refused: "" },
  {
    name: "the day to warn at makes no difference",
    windows: [stored(1, { closes: "2026-12-01" })],
    tables: ["orders"],
    refused: "",
  },
  {
    name: "another table's is in force as well",
    windows: [stored(1, { table: '"my schema"."Person"' })],
    tables: ["orders", "Person"],
    refused: "",
  },
  {
    name: "one that contradicts the file's is refused, and the next one is not",
    windows: [
      stored(1, { rename: { user_id: "buyer_id" } }),
      stored(2, { table: '"public"."person"' }),
    ],
    tables: ["orders", "person"],
    refused:
      'window 1 of the store is refused: windows[1].rename: "user_id" has another meaning in another window, which has to be closed first (windows[0])',
  },
  {
    name: "other ranges for the same names are a contradiction",
    windows: [stored(1, { old: "<3.0.0", new: ">=3.0.0" })],
    tables: ["orders"],
    refused:
      'window 1 of the store is refused: windows[1].rename: "user_id" is renamed by another window already (windows[0])',
  },
  {
    name: "a kind that this program does not know",
    windows: [stored(1, { table: '"public"."person"' }, { kind: "split" })],
    tables: ["orders"],
    refused:
      'window 1 of the store is refused: its kind is "split", which this Straddle does not know',
  },
  {
    name: "a format that this program does not know",
    windows: [stored(1, { table: '"public"."person"' }, { format: 2 })],
    tables: ["orders"],
    refused: "window 1 of the store is refused: its format is 2, and this Straddle knows format 1",
  },
];

for (const { name, windows, tables, refused } of cases) {
  test(name, () => {
    const both = storeWindows();
    const config = both.take(windows);
    expect(config.windows.map(({ table }) => table)).toEqual(tables);
    expect(both.refused).toBe(refused);
  });
}

test("the file's change keeps the store's windows in force", () => {
  const both = storeWindows();
  both.take([stored(1, { table: '"public"."person"' })]);
  const loaded = parseConfig("server: { host: db }", {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  expect(both.rebase(loaded.config).windows.map(({ table }) => table)).toEqual(["person"]);
});

test("a column's window knows what the table's own window in the store calls it, and the other way round", () => {
  const table = { rename: {}, rename_table: "purchases" };
  const ofFile = storeWindows().take([stored(1, table)]).windows;
  expect(ofFile.map(({ otherTables }) => otherTables)).toEqual([["purchases"], []]);
  const both = storeWindows("server: { host: db }").take([stored(1, table), stored(2)]).windows;
  expect(both.map(({ otherTables }) => otherTables)).toEqual([[], ["purchases"]]);
  const again = storeWindows();
  again.take([stored(1, table)]);
  expect(again.take([]).windows.map(({ otherTables }) => otherTables)).toEqual([[]]);
});
