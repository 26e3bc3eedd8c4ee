import { Kysely, PostgresDialect, sql } from "kysely";
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

const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool(connection) }) });

async function round(number) {
  const [ann, bob] = await db
    .insertInto(TABLE)
    .values([{ name: "ann" }, { name: "bob" }])
    .returning("id")
    .execute();
  const name = (id) => (id === ann.id ? "ann" : "bob");
  const totals = (rows) => rows.map((row) => row.total_cents);
  const ownersAndTotals = (rows) => rows.map((row) => [name(row[COLUMN]), row.total_cents]);
  const ids = (people) => people.map((each) => each.id);
  const ordersOf = (...people) => db.selectFrom("orders").where(COLUMN, "in", ids(people));
  const insert = (from, values) => from.insertInto("orders").values(values);
  const saw = {};

  const first = await insert(db, {
    [COLUMN]: ann.id,
    total_cents: 100,
    placed_at: at(0),
    note: { gift: true },
  })
    .returningAll()
    .executeTakeFirstOrThrow();
  saw.create = [name(first[COLUMN]), first.total_cents, first.note, first.placed_at.getTime()];
  const bulk = await insert(db, [
    { [COLUMN]: ann.id, total_cents: 200, placed_at: at(1) },
    { [COLUMN]: bob.id, total_cents: 300, placed_at: at(2) },
    { [COLUMN]: bob.id, total_cents: 400, placed_at: at(3) },
  ])
    .returning(["id", COLUMN, "total_cents"])
    .execute();
  saw.bulk = ownersAndTotals(bulk);

  saw.read = ownersAndTotals(
    await db.selectFrom("orders").selectAll().where("id", "=", first.id).execute(),
  );
  saw.filter = totals(await ordersOf(ann).select("total_cents").orderBy("id").execute());
  saw.json = totals(
    await ordersOf(ann, bob).selectAll().where(sql`note->>'gift'`, "=", "true").execute(),
  );
  saw.order = ownersAndTotals(
    await ordersOf(ann, bob)
      .selectAll("orders")
      .orderBy(`orders.${COLUMN}`, "desc")
      .orderBy("total_cents")
      .execute(),
  );
  const joined = await ordersOf(ann, bob)
    .innerJoin(`${TABLE} as p`, "p.id", `orders.${COLUMN}`)
    .select(["p.name", "orders.total_cents"])
    .orderBy("orders.id")
    .execute();
  saw.join = joined.map((row) => [row.name, row.total_cents]);
  const children = await db
    .selectFrom(`${TABLE} as p`)
    .where("p.id", "in", ids([ann, bob]))
    .select(({ selectFrom }) => [
      "p.name",
      selectFrom("orders")
        .whereRef(`orders.${COLUMN}`, "=", "p.id")
        .select(sql`json_agg(orders.total_cents ORDER BY orders.id)`.as("totals"))
        .as("totals"),
    ])
    .orderBy("p.id")
    .execute();
  saw.children = children.map((row) => [row.name, row.totals]);
  const groups = await ordersOf(ann, bob)
    .select((each) => [COLUMN, each.fn.countAll().as("count")])
    .groupBy(COLUMN)
    .orderBy(COLUMN)
    .execute();
  saw.group = groups.map((row) => [name(row[COLUMN]), Number(row.count)]);

  await db
    .updateTable("orders")
    .set((each) => ({ total_cents: each("total_cents", "+", 1) }))
    .where(COLUMN, "=", bob.id)
    .execute();
  saw.update = totals(await ordersOf(bob).selectAll().orderBy("id").execute());
  const moved = db
    .updateTable("orders")
    .set({ [COLUMN]: bob.id })
    .where("id", "=", bulk[0].id);
  saw.move = ownersAndTotals(await moved.returning([COLUMN, "total_cents"]).execute());
  await insert(db, [
    { [COLUMN]: ann.id, total_cents: 150, placed_at: at(0) },
    { [COLUMN]: ann.id, total_cents: 500, placed_at: at(4) },
  ])
    .onConflict((conflict) =>
      conflict.columns([COLUMN, "placed_at"]).doUpdateSet((each) => ({
        [COLUMN]: each.ref(`excluded.${COLUMN}`),
        total_cents: each.ref("excluded.total_cents"),
      })),
    )
    .execute();
  saw.upsert = totals(await ordersOf(ann).selectAll().orderBy("id").execute());

  const countOf = async (from, person) => {
    const counted = from.selectFrom("orders").where(COLUMN, "=", person.id);
    return Number(
      (await counted.select((each) => each.fn.countAll().as("n")).executeTakeFirstOrThrow()).n,
    );
  };
  await rolledBack(
    db.transaction().execute(async (trx) => {
      await insert(trx, { [COLUMN]: ann.id, total_cents: 999 }).execute();
      saw.rollback = [await countOf(trx, ann)];
      throw new Rollback();
    }),
  );
  saw.rollback.push(await countOf(db, ann));
  await db.transaction().execute(async (trx) => {
    const chosen = trx
      .selectFrom("orders")
      .selectAll()
      .where(COLUMN, "=", ann.id)
      .where("total_cents", "=", 500);
    const order = await chosen.forUpdate().executeTakeFirstOrThrow();
    await trx
      .updateTable("orders")
      .set({ [COLUMN]: bob.id })
      .where("id", "=", order.id)
      .execute();
  });
  saw.commit = totals(await ordersOf(bob).selectAll().orderBy("total_cents").execute());

  const column = sql.ref(`o.${COLUMN}`);
  const { rows } = await sql`
    SELECT ${column}, p.name, count(*)::int AS n FROM orders o JOIN ${sql.table(TABLE)} p ON p.id = ${column}
    WHERE ${column} IN (${ann.id}, ${bob.id}) GROUP BY ${column}, p.name ORDER BY ${column}`.execute(
    db,
  );
  saw.raw = [Object.keys(rows[0]), ...rows.map((row) => [name(row[COLUMN]), row.name, row.n])];
  saw.otherName = await sqlstateOf(db.selectFrom("orders").select(OTHER_COLUMN).execute());
  const withOwner = db.selectFrom("orders").innerJoin(`${TABLE} as p`, "p.id", `orders.${COLUMN}`);
  const shared = await withOwner.selectAll().where("orders.id", "=", 1).executeTakeFirstOrThrow();
  saw.shared = [shared.name, shared[COLUMN], shared.total_cents];

  const remove = (person) =>
    db.deleteFrom("orders").where(COLUMN, "=", person.id).returning(COLUMN).execute();
  saw.remove = [(await remove(ann)).length, (await remove(bob)).length];
  await db
    .deleteFrom(TABLE)
    .where("id", "in", ids([ann, bob]))
    .execute();
  await insert(db, { [COLUMN]: KEEPER, total_cents: number }).execute();
  return saw;
}

await serve(
  round,
  () => db.destroy(),
  () => db.introspection.getTables(),
);
