import knex from "knex";
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

const db = knex({ client: "pg", connection });

async function round(number) {
  const [ann, bob] = await db(TABLE)
    .insert([{ name: "ann" }, { name: "bob" }])
    .returning("id");
  const name = (id) => (id === ann.id ? "ann" : "bob");
  const totals = (rows) => rows.map((row) => row.total_cents);
  const ownersAndTotals = (rows) => rows.map((row) => [name(row[COLUMN]), row.total_cents]);
  const ordersOf = (...people) =>
    db("orders").whereIn(
      COLUMN,
      people.map((each) => each.id),
    );
  const saw = {};

  const [first] = await db("orders")
    .insert({ [COLUMN]: ann.id, total_cents: 100, placed_at: at(0), note: { gift: true } })
    .returning("*");
  saw.create = [name(first[COLUMN]), first.total_cents, first.note, first.placed_at.getTime()];
  const bulk = await db("orders")
    .insert([
      { [COLUMN]: ann.id, total_cents: 200, placed_at: at(1) },
      { [COLUMN]: bob.id, total_cents: 300, placed_at: at(2) },
      { [COLUMN]: bob.id, total_cents: 400, placed_at: at(3) },
    ])
    .returning(["id", COLUMN, "total_cents"]);
  saw.bulk = ownersAndTotals(bulk);

  saw.read = ownersAndTotals([await db("orders").where({ id: first.id }).first()]);
  saw.filter = totals(
    await db("orders")
      .where({ [COLUMN]: ann.id })
      .orderBy("id"),
  );
  saw.json = totals(await ordersOf(ann, bob).whereJsonSupersetOf("note", { gift: true }));
  saw.order = ownersAndTotals(
    await ordersOf(ann, bob).orderBy([{ column: COLUMN, order: "desc" }, "total_cents"]),
  );
  const joined = await ordersOf(ann, bob)
    .join(TABLE, `${TABLE}.id`, `orders.${COLUMN}`)
    .orderBy("orders.id")
    .select(`${TABLE}.name`, "orders.*");
  saw.join = joined.map((row) => [row.name, row.total_cents]);
  const children = await db(TABLE)
    .whereIn(`${TABLE}.id`, [ann.id, bob.id])
    .leftJoin("orders", `orders.${COLUMN}`, `${TABLE}.id`)
    .groupBy(`${TABLE}.id`)
    .orderBy(`${TABLE}.id`)
    .select(`${TABLE}.name`, db.raw("array_agg(orders.total_cents ORDER BY orders.id) AS totals"));
  saw.children = children.map((row) => [row.name, row.totals]);
  const groups = await ordersOf(ann, bob).groupBy(COLUMN).orderBy(COLUMN).select(COLUMN).count();
  saw.group = groups.map((row) => [name(row[COLUMN]), Number(row.count)]);

  await ordersOf(bob).increment("total_cents", 1);
  saw.update = totals(await ordersOf(bob).orderBy("id"));
  const moved = await db("orders")
    .where({ id: bulk[0].id })
    .update({ [COLUMN]: bob.id })
    .returning([COLUMN, "total_cents"]);
  saw.move = ownersAndTotals(moved);
  await db("orders")
    .insert([
      { [COLUMN]: ann.id, total_cents: 150, placed_at: at(0) },
      { [COLUMN]: ann.id, total_cents: 500, placed_at: at(4) },
    ])
    .onConflict([COLUMN, "placed_at"])
    .merge([COLUMN, "total_cents"]);
  saw.upsert = totals(await ordersOf(ann).orderBy("id"));

  const countOf = async (from, person) =>
    Number(
      (
        await from("orders")
          .where({ [COLUMN]: person.id })
          .count()
      )[0].count,
    );
  await rolledBack(
    db.transaction(async (trx) => {
      await trx("orders").insert({ [COLUMN]: ann.id, total_cents: 999 });
      saw.rollback = [await countOf(trx, ann)];
      throw new Rollback();
    }),
  );
  saw.rollback.push(await countOf(db, ann));
  await db.transaction(async (trx) => {
    const order = await trx("orders")
      .where({ [COLUMN]: ann.id, total_cents: 500 })
      .forUpdate()
      .first();
    await trx("orders")
      .where({ id: order.id })
      .update({ [COLUMN]: bob.id });
  });
  saw.commit = totals(await ordersOf(bob).orderBy("total_cents"));

  const { fields, rows } = await db.raw(
    `SELECT o.${COLUMN}, p.name, count(*)::int AS n FROM orders o JOIN ${TABLE} p ON p.id = o.${COLUMN}
     WHERE o.${COLUMN} IN (?, ?) GROUP BY o.${COLUMN}, p.name ORDER BY o.${COLUMN}`,
    [ann.id, bob.id],
  );
  saw.raw = [
    fields.map((field) => field.name),
    ...rows.map((row) => [name(row[COLUMN]), row.name, row.n]),
  ];
  saw.otherName = await sqlstateOf(db("orders").select(OTHER_COLUMN));
  const [shared] = await db("orders")
    .where("orders.id", 1)
    .join(TABLE, `${TABLE}.id`, `orders.${COLUMN}`);
  saw.shared = [shared.name, shared[COLUMN], shared.total_cents];

  saw.remove = [await ordersOf(ann).del(), await ordersOf(bob).del()];
  await db(TABLE).whereIn("id", [ann.id, bob.id]).del();
  await db("orders").insert({ [COLUMN]: KEEPER, total_cents: number });
  return saw;
}

const readSchema = async () => ({
  columns: await db("orders").columnInfo(),
  hasColumns: [
    await db.schema.hasColumn("orders", COLUMN),
    await db.schema.hasColumn("orders", OTHER_COLUMN),
  ],
  hasTable: await db.schema.hasTable(TABLE),
});

await serve(round, () => db.destroy(), readSchema);
