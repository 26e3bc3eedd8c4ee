import { DataSource, EntitySchema, In } from "typeorm";
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

const Person = new EntitySchema({
  name: "Person",
  tableName: TABLE,
  columns: { id: { type: Number, primary: true, generated: "identity" }, name: { type: "text" } },
  relations: { orders: { type: "one-to-many", target: "Order", inverseSide: "person" } },
});
const Order = new EntitySchema({
  name: "Order",
  tableName: "orders",
  columns: {
    id: { type: Number, primary: true, generated: "identity" },
    owner: { type: Number, name: COLUMN },
    total: { type: Number, name: "total_cents" },
    at: { type: "timestamptz", name: "placed_at", default: () => "now()" },
    note: { type: "jsonb", nullable: true },
  },
  relations: {
    person: {
      type: "many-to-one",
      target: "Person",
      inverseSide: "orders",
      joinColumn: { name: COLUMN },
    },
  },
});
const { application_name: applicationName, user: username, ...server } = connection;
const source = new DataSource({
  type: "postgres",
  ...server,
  username,
  applicationName,
  entities: [Person, Order],
});
await source.initialize();
const [people, orders] = [source.getRepository(Person), source.getRepository(Order)];

async function round(number) {
  const [ann, bob] = await people.save([{ name: "ann" }, { name: "bob" }]);
  const name = (id) => (id === ann.id ? "ann" : "bob");
  const totals = (rows) => rows.map((row) => row.total);
  const ownersAndTotals = (rows) => rows.map((row) => [name(row.owner), row.total]);
  const both = In([ann.id, bob.id]);
  const ordersOf = (person, order = { id: "ASC" }) =>
    orders.find({ where: { owner: person.id }, order });
  const saw = {};

  const saved = await orders.save({ owner: ann.id, total: 100, at: at(0), note: { gift: true } });
  const first = await orders.findOneByOrFail({ id: saved.id });
  saw.create = [name(first.owner), first.total, first.note, first.at.getTime()];
  const bulk = await orders.save([
    { owner: ann.id, total: 200, at: at(1) },
    { owner: bob.id, total: 300, at: at(2) },
    { owner: bob.id, total: 400, at: at(3) },
  ]);
  saw.bulk = ownersAndTotals(bulk);

  saw.read = ownersAndTotals([await orders.findOneBy({ id: first.id })]);
  saw.filter = totals(await ordersOf(ann));
  const gifts = orders.createQueryBuilder("o").where("o.note @> :note", { note: { gift: true } });
  saw.json = totals(await gifts.andWhere({ owner: both }).getMany());
  saw.order = ownersAndTotals(
    await orders.find({ where: { owner: both }, order: { owner: "DESC", total: "ASC" } }),
  );
  const joined = await orders.find({
    where: { owner: both },
    relations: { person: true },
    order: { id: "ASC" },
  });
  saw.join = joined.map((row) => [row.person.name, row.total]);
  const children = await people.find({
    where: { id: both },
    relations: { orders: true },
    order: { id: "ASC" },
    take: 2,
  });
  saw.children = children.map((row) => [row.name, totals(row.orders).sort()]);
  const groups = await orders
    .createQueryBuilder("o")
    .select("o.owner", "owner")
    .addSelect("count(*)", "count")
    .where({ owner: both })
    .groupBy("o.owner")
    .orderBy("o.owner")
    .getRawMany();
  saw.group = groups.map((row) => [name(row.owner), Number(row.count)]);

  await orders.increment({ owner: bob.id }, "total", 1);
  saw.update = totals(await ordersOf(bob));
  const moved = orders
    .createQueryBuilder()
    .update()
    .set({ owner: bob.id })
    .where({ id: bulk[0].id });
  const { raw: movedRows } = await moved.returning(["owner", "total"]).execute();
  saw.move = movedRows.map((row) => [name(row[COLUMN]), row.total_cents]);
  await orders.upsert(
    [
      { owner: ann.id, total: 150, at: at(0) },
      { owner: ann.id, total: 500, at: at(4) },
    ],
    ["owner", "at"],
  );
  saw.upsert = totals(await ordersOf(ann));

  await rolledBack(
    source.transaction(async (manager) => {
      await manager.insert(Order, { owner: ann.id, total: 999 });
      saw.rollback = [await manager.countBy(Order, { owner: ann.id })];
      throw new Rollback();
    }),
  );
  saw.rollback.push(await orders.countBy({ owner: ann.id }));
  await source.transaction(async (manager) => {
    const lock = { mode: "pessimistic_write" };
    const order = await manager.findOneOrFail(Order, {
      where: { owner: ann.id, total: 500 },
      lock,
    });
    order.owner = bob.id;
    await manager.save(Order, order);
  });
  saw.commit = totals(await ordersOf(bob, { total: "ASC" }));

  const rows = await source.query(
    `SELECT o.${COLUMN}, p.name, count(*)::int AS n FROM orders o JOIN ${TABLE} p ON p.id = o.${COLUMN}
     WHERE o.${COLUMN} IN ($1, $2) GROUP BY o.${COLUMN}, p.name ORDER BY o.${COLUMN}`,
    [ann.id, bob.id],
  );
  saw.raw = [Object.keys(rows[0]), ...rows.map((row) => [name(row[COLUMN]), row.name, row.n])];
  saw.otherName = await sqlstateOf(source.query(`SELECT ${OTHER_COLUMN} FROM orders`));
  const shared = await orders.findOneOrFail({ where: { id: 1 }, relations: { person: true } });
  saw.shared = [shared.person.name, shared.owner, shared.total];

  const remove = async (person) => (await orders.delete({ owner: person.id })).affected;
  saw.remove = [await remove(ann), await remove(bob)];
  await people.remove([ann, bob]);
  await orders.insert({ owner: KEEPER, total: number });
  return saw;
}

async function readSchema() {
  const runner = source.createQueryRunner();
  const tables = [await runner.getTable("orders"), await runner.getTable(TABLE)];
  await runner.release();
  // What `synchronize` would do.
  const { upQueries } = await source.driver.createSchemaBuilder().log();
  return { tables, changes: upQueries.map((each) => each.query) };
}

await serve(round, () => source.destroy(), readSchema);
