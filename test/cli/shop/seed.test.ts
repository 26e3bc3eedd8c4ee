import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import {
  CUSTOMERS_COUNT,
  nameInOrders,
  ORDERS_COUNT,
  seedShop,
  withClient,
} from "../../../src/cli/shop/seed.ts";

const database = `shop_${process.pid}`;
let server: pg.ClientConfig;

beforeAll(async () => {
  const { host, port } = inject("server");
  server = { host, port, user: "postgres" };
  await seedShop(server, database);
});

afterAll(async () => {
  await withClient({ ...server, database: "postgres" }, (client) =>
    client.query(`DROP DATABASE ${pg.escapeIdentifier(database)} WITH (FORCE)`),
  );
});

test("every customer that orders name is there, and every order has items", async () => {
  const { rows } = await withClient({ ...server, database }, (client) =>
    client.query(`SELECT (SELECT count(*)::int FROM customers) AS customers,
      count(DISTINCT o.id)::int AS orders FROM orders o
      JOIN customers c ON c.id = o.user_id JOIN order_items i ON i.order_id = o.id`),
  );
  expect(rows).toEqual([{ customers: CUSTOMERS_COUNT, orders: ORDERS_COUNT }]);
});

test("a shop that is there is left as it is, and its column's name is told", async () => {
  const shop = { ...server, database };
  expect(await nameInOrders(shop)).toBe("user_id");
  await withClient(shop, (client) =>
    client.query("ALTER TABLE orders RENAME COLUMN user_id TO customer_id"),
  );
  expect(await seedShop(server, database)).toBe(false);
  expect(await nameInOrders(shop)).toBe("customer_id");
});
