import { expect, test } from "vitest";
import { parseAskedName } from "../../src/ledger/asked-name.ts";

const cases: { text: string; parts?: (string | undefined)[] }[] = [
  { text: "public.orders", parts: ["public", "orders", undefined] },
  { text: "public.orders.user_id", parts: ["public", "orders", "user_id"] },
  { text: "Public.Orders", parts: ["public", "orders", undefined] },
  { text: '"My Shop"."a.b"."say ""x"""', parts: ["My Shop", "a.b", 'say "x"'] },
  { text: "orders" },
  { text: "" },
  { text: "a.b.c.d" },
  { text: "a..b" },
  { text: "a.b." },
  { text: '"a.b' },
  { text: "a.b c" },
];
for (const { text, parts } of cases) {
  test(text === "" ? "nothing" : text, () => {
    const name = parseAskedName(text);
    if (parts === undefined) expect(name).toContain("is neither schema.table nor");
    else expect(typeof name === "string" ? name : Object.values(name)).toEqual(parts);
  });
}
