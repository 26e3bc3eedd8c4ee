import { and, asc, count, desc, eq, inArray, relations, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { integer, jsonb, pgTable, serial, text, timestamp } from "drizzle-orm/pg-core";
import pg from "pg";
import {
  at,
  COLUMN,
  connection,
  KEEPER,
  OTHER_COLUMN,
  Rollback,
  rolledBack,
  serve,
  sqlstateOf,
  TABLE,
} from "./worker.mjs";

const people = pgTable(TABLE, { id: serial().primaryKey(), name: text().notNull() });
const orders = pgTable("orders", {
  id: serial().primaryKey(),
  owner: integer(COLUMN).notNull(),
  total: integer("total_cents").notNull(),
  at: timestamp("placed_at", { withTimezone: true }).notNull().defaultNow(),
  note: jsonb(),
});
const schema = {
  people,
  orders,
  peopleRelations: relations(people, ({ many }) => ({ orders: many(orders) })),
  ordersRelations: relations(orders, ({ one }) => ({
    person: one(people, { fields: [orders.owner], references: [people.id] }),
  })),
};
const pool = new pg.Pool(connection);
const db = drizzle(pool, { schema });

const byId = db.query.orders
  .findFirst({ where: eq(orders.id, sql.placeholder("id")) })
  .prepare("order_by_id");

async function round(number) {
  const [ann, bob] = await db
    .insert(people)
    .values([{ name: "ann" }, { name: "bob" }])
    .returning();
  const name = (id) => (id === ann.id ? "ann" : "bob");
  const totals = (rows) => rows.map((row) => row.total);
  const ownersAndTotals = (rows) => rows.map((row) => [name(row.owner), row.total]);
  const ids = [ann.id, bob.id];
  const ordersOf = (person) => db.select().from(orders).where(eq(orders.owner, person.id));
  const saw = {};

  const [first] = await db
    .insert(orders)
    .values({ owner: ann.id, total: 100, at: at(0), note: { gift: true } })
    .returning();
  saw.create = [name(first.owner), first.total, first.note, first.at.getTime()];
  const bulk = await db
    .insert(orders)
    .values([
      { owner: ann.id, total: 200, at: at(1) },
      { owner: bob.id, total: 300, at: at(2) },
      { owner: bob.id, total: 400, at: at(3) },
    ])
    .returning({ id: orders.id, owner: orders.owner, total: orders.total });
  saw.bulk = ownersAndTotals(bulk);

  saw.read = ownersAndTotals([await byId.execute({ id: first.id })]);
  saw.filter = totals(await ordersOf(ann).orderBy(orders.id));
  const isGift = sql`${orders.note} @> ${JSON.stringify({ gift: true })}`;
  saw.json = totals(
    await db
      .select()
      .from(orders)
      .where(and(inArray(orders.owner, ids), isGift)),
  );
  saw.order = ownersAndTotals(
    await db
      .select()
      .from(orders)
      .where(inArray(orders.owner, ids))
      .orderBy(desc(orders.owner), asc(orders.total)),
  );
  const joined = await db.query.orders.findMany({
    where: inArray(orders.owner, ids),
    with: { person: true },
    orderBy: orders.id,
  });
  saw.join = joined.map((row) => [row.person.name, row.total]);
  const children = await db.query.people.findMany({
    where: inArray(people.id, ids),
    with: { orders: { orderBy: orders.id } },
    orderBy: people.id,
  });
  saw.children = children.map((row) => [row.name, totals(row.orders)]);
  const groups = await db
    .select({ owner: orders.owner, count: count() })
    .from(orders)
    .where(inArray(orders.owner, ids))
    .groupBy(orders.owner)
    .orderBy(orders.owner);
  saw.group = groups.map((row) => [name(row.owner), row.count]);

  await db
    .update(orders)
    .set({ total: sql`${orders.total} + 1` })
    .where(eq(orders.owner, bob.id));
  saw.update = totals(await ordersOf(bob).orderBy(orders.id));
  const moved = await db
    .update(orders)
    .set({ owner: bob.id })
    .where(eq(orders.id, bulk[0].id))
    .returning();
  saw.move = ownersAndTotals(moved);
  await db
    .insert(orders)
    .values([
      { owner: ann.id, total: 150, at: at(0) },
      { owner: ann.id, total: 500, at: at(4) },
    ])
    .onConflictDoUpdate({
      target: [orders.owner, orders.at],
      set: { owner: sql.raw(`excluded.${COLUMN}`), total: sql`excluded.total_cents` },
    });
  saw.upsert = totals(await ordersOf(ann).orderBy(orders.id));

  await rolledBack(
    db.transaction(async (tx) => {
      await tx.insert(orders).values({ owner: ann.id, total: 999 });
      saw.rollback = [await tx.$count(orders, eq(orders.owner, ann.id))];
      throw new Rollback();
    }),
  );
  saw.rollback.push(await db.$count(orders, eq(orders.owner, ann.id)));
  await db.transaction(async (tx) => {
    const chosen = tx
      .select()
      .from(orders)
      .where(and(eq(orders.owner, ann.id), eq(orders.total, 500)));
    const [order] = await chosen.for("update");
    await tx.update(orders).set({ owner: bob.id }).where(eq(orders.id, order.id));
  });
  saw.commit = totals(await ordersOf(bob).orderBy(orders.total));

  const { fields, rows } = await db.execute(sql`
    SELECT o.${sql.identifier(COLUMN)}, p.name, count(*)::int AS n
    FROM orders o JOIN ${people} p ON p.id = o.${sql.identifier(COLUMN)}
    WHERE o.${sql.identifier(COLUMN)} IN (${ann.id}, ${bob.id}) GROUP BY 1, 2 ORDER BY 1`);
  saw.raw = [
    fields.map((field) => field.name),
    ...rows.map((row) => [name(row[COLUMN]), row.name, row.n]),
  ];
  saw.otherName = await sqlstateOf(db.execute(sql.raw(`SELECT ${OTHER_COLUMN} FROM orders`)));
  const shared = await db.query.orders.findFirst({
    where: eq(orders.id, 1),
    with: { person: true },
  });
  saw.shared = [shared.person.name, shared.owner, shared.total];

  const remove = (person) => db.delete(orders).where(eq(orders.owner, person.id)).returning();
  saw.remove = [(await remove(ann)).length, (await remove(bob)).length];
  await db.delete(people).where(inArray(people.id, ids));
  await db.insert(orders).values({ owner: KEEPER, total: number });
  return saw;
}

await serve(round, () => pool.end());
