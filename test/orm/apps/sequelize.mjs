import { DataTypes, Op, Sequelize } from "sequelize";
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

const { host, port, database, user, application_name } = connection;
const sequelize = new Sequelize(database, user, "", {
  dialect: "postgres",
  host,
  port,
  dialectOptions: { application_name },
  logging: false,
  define: { timestamps: false },
});
const Person = sequelize.define("person", { name: DataTypes.TEXT }, { tableName: TABLE });
const Order = sequelize.define(
  "order",
  {
    owner: { type: DataTypes.INTEGER, field: COLUMN },
    total: { type: DataTypes.INTEGER, field: "total_cents" },
    at: { type: DataTypes.DATE, field: "placed_at", defaultValue: DataTypes.NOW },
    note: DataTypes.JSONB,
  },
  { tableName: "orders", indexes: [{ unique: true, fields: ["owner", "at"] }] },
);
Person.hasMany(Order, { foreignKey: "owner", as: "orders" });
Order.belongsTo(Person, { foreignKey: "owner", as: "person" });

async function round(number) {
  const [ann, bob] = await Person.bulkCreate([{ name: "ann" }, { name: "bob" }]);
  const name = (id) => (id === ann.id ? "ann" : "bob");
  const totals = (rows) => rows.map((row) => row.total);
  const ownersAndTotals = (rows) => rows.map((row) => [name(row.owner), row.total]);
  const both = { owner: [ann.id, bob.id] };
  const ordersOf = (person, order = "id") =>
    Order.findAll({ where: { owner: person.id }, order: [order] });
  const saw = {};

  const first = await Order.create({ owner: ann.id, total: 100, at: at(0), note: { gift: true } });
  saw.create = [name(first.owner), first.total, first.note, first.at.getTime()];
  const bulk = await Order.bulkCreate([
    { owner: ann.id, total: 200, at: at(1) },
    { owner: bob.id, total: 300, at: at(2) },
    { owner: bob.id, total: 400, at: at(3) },
  ]);
  saw.bulk = ownersAndTotals(bulk);

  saw.read = ownersAndTotals([await Order.findByPk(first.id)]);
  saw.filter = totals(await ordersOf(ann));
  saw.json = totals(await Order.findAll({ where: { ...both, note: { gift: true } } }));
  saw.order = ownersAndTotals(
    await Order.findAll({ where: both, order: [["owner", "DESC"], "total"] }),
  );
  const joined = await Order.findAll({ where: both, include: "person", order: ["id"] });
  saw.join = joined.map((row) => [row.person.name, row.total]);
  const children = await Person.findAll({
    where: { id: { [Op.in]: both.owner } },
    include: "orders",
    order: ["id", ["orders", "id"]],
    limit: 2,
  });
  saw.children = children.map((row) => [row.name, totals(row.orders)]);
  const groups = await Order.findAll({
    where: both,
    attributes: ["owner", [sequelize.fn("count", sequelize.literal("*")), "count"]],
    group: "owner",
    order: ["owner"],
    raw: true,
  });
  saw.group = groups.map((row) => [name(row.owner), Number(row.count)]);

  await Order.increment("total", { where: { owner: bob.id } });
  saw.update = totals(await ordersOf(bob));
  const [, moved] = await Order.update(
    { owner: bob.id },
    { where: { id: bulk[0].id }, returning: true },
  );
  saw.move = ownersAndTotals(moved);
  await Order.bulkCreate(
    [
      { owner: ann.id, total: 150, at: at(0) },
      { owner: ann.id, total: 500, at: at(4) },
    ],
    { updateOnDuplicate: ["owner", "total"], conflictAttributes: ["owner", "at"] },
  );
  saw.upsert = totals(await ordersOf(ann));

  await rolledBack(
    sequelize.transaction(async (transaction) => {
      await Order.create({ owner: ann.id, total: 999 }, { transaction });
      saw.rollback = [await Order.count({ where: { owner: ann.id }, transaction })];
      throw new Rollback();
    }),
  );
  saw.rollback.push(await Order.count({ where: { owner: ann.id } }));
  await sequelize.transaction(async (transaction) => {
    const where = { owner: ann.id, total: 500 };
    const order = await Order.findOne({ where, transaction, lock: transaction.LOCK.UPDATE });
    await order.update({ owner: bob.id }, { transaction });
  });
  saw.commit = totals(await ordersOf(bob, "total"));

  const [rows] = await sequelize.query(
    `SELECT o.${COLUMN}, p.name, count(*)::int AS n FROM orders o JOIN ${TABLE} p ON p.id = o.${COLUMN}
     WHERE o.${COLUMN} IN (:ids) GROUP BY o.${COLUMN}, p.name ORDER BY o.${COLUMN}`,
    { replacements: { ids: both.owner } },
  );
  saw.raw = [Object.keys(rows[0]), ...rows.map((row) => [name(row[COLUMN]), row.name, row.n])];
  saw.otherName = await sqlstateOf(sequelize.query(`SELECT ${OTHER_COLUMN} FROM orders`));
  const shared = await Order.findByPk(1, { include: "person" });
  saw.shared = [shared.person.name, shared.owner, shared.total];

  const remove = (person) => Order.destroy({ where: { owner: person.id } });
  saw.remove = [await remove(ann), await remove(bob)];
  await Person.destroy({ where: { id: both.owner } });
  await Order.create({ owner: KEEPER, total: number });
  return saw;
}

async function readSchema() {
  const queries = sequelize.getQueryInterface();
  return {
    tables: (await queries.showAllTables()).sort(),
    columns: await queries.describeTable("orders"),
    indexes: await queries.showIndex("orders"),
    foreignKeys: await queries.getForeignKeyReferencesForTable("orders"),
  };
}

await serve(round, () => sequelize.close(), readSchema);
