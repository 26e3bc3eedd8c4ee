import { expect, test } from "vitest";
import { readPgbench } from "./pgbench.ts";

const OUTPUT = `pgbench (15.18 (Debian 15.18-0+deb12u1), server 18.4)
transaction type: <builtin: select only>
number of clients: 8
duration: 4 s
number of transactions actually processed: 81234
number of failed transactions: 0 (0.000%)
latency average = 0.394 ms
initial connection time = 14.111 ms
tps = 20321.123456 (without initial connection time)
`;

test("rate and count are read", () => {
  expect(readPgbench(OUTPUT)).toEqual({ rate: 20_321.123456, transactionCount: 81_234 });
});

const bad = [
  { name: "failed transactions", output: OUTPUT.replace("transactions: 0 ", "transactions: 3 ") },
  { name: "no rate", output: OUTPUT.replace("tps", "speed") },
  { name: "nothing", output: "" },
];
for (const { name, output } of bad) {
  test(`${name}: not taken for a result`, () => {
    expect(() => readPgbench(output)).toThrow("pgbench failed");
  });
}
