import type pg from "pg";
import { CUSTOMERS_COUNT, ORDERS_COUNT } from "../shop/seed.ts";

/** The name that a version of the application uses for the column. */
export function columnOf(version: string): "user_id" | "customer_id" {
  return version.startsWith("1.") ? "user_id" : "customer_id";
}

/** One query of the application, timed and counted by whoever runs it. Throws if it fails. */
export type Run = (query: string | pg.QueryConfig) => Promise<pg.QueryResult>;

/**
 * What the application does, over and over: a query in the simple protocol, one with parameters,
 * two prepared statements, a transaction of prepared statements.
 * Answers are checked as well, since a wrong one would be worse than none.
 */
export function jobsOf(version: string): readonly ((run: Run) => Promise<void>)[] {
  const column = columnOf(version);
  return [
    async (run) => {
      const customer = randomUpTo(CUSTOMERS_COUNT);
      const { rows } = await run(
        `SELECT * FROM orders WHERE ${column} = ${customer} ORDER BY placed_at DESC LIMIT 5`,
      );
      for (const row of rows) check(row, column, customer);
    },
    async (run) => {
      const customer = randomUpTo(CUSTOMERS_COUNT);
      const { rows } = await run({
        name: "orders_of_customer",
        text: `SELECT o.id, o.${column}, c.name, count(*) AS items
          FROM orders o JOIN customers c ON c.id = o.${column} JOIN order_items i ON i.order_id = o.id
          WHERE o.${column} = $1 GROUP BY o.id, c.id LIMIT 5`,
        values: [customer],
      });
      for (const row of rows) check(row, column, customer);
    },
    async (run) => {
      const customer = randomUpTo(CUSTOMERS_COUNT);
      const { rows } = await run({
        name: "place_order",
        text: `INSERT INTO orders (${column}, total_cents) VALUES ($1, $2) RETURNING id, ${column}`,
        values: [customer, randomUpTo(9_900)],
      });
      check(rows[0], column, customer);
    },
    async (run) => {
      const customer = randomUpTo(CUSTOMERS_COUNT);
      const { rows } = await run({
        text: `SELECT ${column}, sum(total_cents) FROM orders WHERE ${column} = $1 GROUP BY ${column}`,
        values: [customer],
      });
      check(rows[0], column, customer);
    },
    async (run) => {
      const order = randomUpTo(ORDERS_COUNT);
      const customer = 1 + (order % CUSTOMERS_COUNT);
      await run("BEGIN");
      const { rows } = await run({
        name: "lock_order",
        text: `SELECT id, ${column} FROM orders WHERE id = $1 FOR UPDATE`,
        values: [order],
      });
      check(rows[0], column, customer);
      await run({
        name: "raise_total",
        text: `UPDATE orders SET total_cents = total_cents + 1 WHERE id = $1 AND ${column} = $2`,
        values: [order, customer],
      });
      await run("COMMIT");
    },
  ];
}

function check(row: Record<string, unknown> | undefined, column: string, customer: number): void {
  if (row?.[column] !== String(customer)) {
    throw new Error(`wrong answer: ${column} is ${String(row?.[column])}, not ${customer}`);
  }
}

function randomUpTo(max: number): number {
  return 1 + Math.floor(Math.random() * max);
}
