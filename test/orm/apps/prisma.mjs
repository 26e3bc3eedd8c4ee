import { PrismaPg } from "@prisma/adapter-pg";
import { getPrismaClient, Sql } from "@prisma/client/runtime/client";
import { clientConfig } from "./prisma-client.mjs";
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

const PrismaClient = getPrismaClient(clientConfig(TABLE, COLUMN));
const prisma = new PrismaClient({ adapter: new PrismaPg(connection) });

async function round(number) {
  const [ann, bob] = await prisma.person.createManyAndReturn({
    data: [{ name: "ann" }, { name: "bob" }],
  });
  const name = (id) => (id === ann.id ? "ann" : "bob");
  const totals = (rows) => rows.map((row) => row.total);
  const ownersAndTotals = (rows) => rows.map((row) => [name(row.owner), row.total]);
  const ids = [ann.id, bob.id];
  const both = { owner: { in: ids } };
  const ordersOf = (person, orderBy = { id: "asc" }) =>
    prisma.order.findMany({ where: { owner: person.id }, orderBy });
  const saw = {};

  const data = { total: 100, at: at(0), note: { gift: true }, person: { connect: { id: ann.id } } };
  const first = await prisma.order.create({ data });
  saw.create = [name(first.owner), first.total, first.note, first.at.getTime()];
  const bulk = await prisma.order.createManyAndReturn({
    data: [
      { owner: ann.id, total: 200, at: at(1) },
      { owner: bob.id, total: 300, at: at(2) },
      { owner: bob.id, total: 400, at: at(3) },
    ],
  });
  saw.bulk = ownersAndTotals(bulk);

  saw.read = ownersAndTotals([await prisma.order.findUnique({ where: { id: first.id } })]);
  saw.filter = totals(await ordersOf(ann));
  saw.json = totals(
    await prisma.order.findMany({ where: { ...both, note: { path: ["gift"], equals: true } } }),
  );
  const orderBy = [{ owner: "desc" }, { total: "asc" }];
  saw.order = ownersAndTotals(await prisma.order.findMany({ where: both, orderBy }));
  const joined = await prisma.order.findMany({
    where: both,
    include: { person: true },
    orderBy: { id: "asc" },
    relationLoadStrategy: "query",
  });
  saw.join = joined.map((row) => [row.person.name, row.total]);
  const children = await prisma.person.findMany({
    where: { orders: { some: both } },
    include: { orders: { orderBy: { id: "asc" } } },
    orderBy: { id: "asc" },
    relationLoadStrategy: "join",
  });
  saw.children = children.map((row) => [row.name, totals(row.orders)]);
  const groups = await prisma.order.groupBy({
    by: "owner",
    where: both,
    _count: true,
    orderBy: { owner: "asc" },
  });
  saw.group = groups.map((row) => [name(row.owner), row._count]);

  await prisma.order.updateMany({ where: { owner: bob.id }, data: { total: { increment: 1 } } });
  saw.update = totals(await ordersOf(bob));
  const moved = await prisma.order.update({ where: { id: bulk[0].id }, data: { owner: bob.id } });
  saw.move = ownersAndTotals([moved]);
  for (const [hour, total] of [
    [0, 150],
    [4, 500],
  ]) {
    const row = { owner: ann.id, at: at(hour) };
    await prisma.order.upsert({
      where: { owner_at: row },
      create: { ...row, total },
      update: { total },
    });
  }
  saw.upsert = totals(await ordersOf(ann));

  await rolledBack(
    prisma.$transaction(async (tx) => {
      await tx.order.create({ data: { owner: ann.id, total: 999 } });
      saw.rollback = [await tx.order.count({ where: { owner: ann.id } })];
      throw new Rollback();
    }),
  );
  saw.rollback.push(await prisma.order.count({ where: { owner: ann.id } }));
  await prisma.$transaction(async (tx) => {
    const order = await tx.order.findFirstOrThrow({ where: { owner: ann.id, total: 500 } });
    await tx.$queryRaw`SELECT id FROM orders WHERE id = ${order.id} FOR UPDATE`;
    await tx.order.update({
      where: { id: order.id },
      data: { person: { connect: { id: bob.id } } },
    });
  });
  saw.commit = totals(await ordersOf(bob, { total: "asc" }));

  const text = [
    `SELECT o.${COLUMN}, p.name, count(*)::int AS n FROM orders o JOIN ${TABLE} p ON p.id = o.${COLUMN}
     WHERE o.${COLUMN} IN (`,
    `, `,
    `) GROUP BY o.${COLUMN}, p.name ORDER BY o.${COLUMN}`,
  ];
  const rows = await prisma.$queryRaw(new Sql(text, ids));
  saw.raw = [Object.keys(rows[0]), ...rows.map((row) => [name(row[COLUMN]), row.name, row.n])];
  saw.otherName = await sqlstateOf(prisma.$queryRawUnsafe(`SELECT ${OTHER_COLUMN} FROM orders`));
  const shared = await prisma.order.findUnique({ where: { id: 1 }, include: { person: true } });
  saw.shared = [shared.person.name, shared.owner, shared.total];

  const remove = async (person) =>
    (await prisma.order.deleteMany({ where: { owner: person.id } })).count;
  saw.remove = [await remove(ann), await remove(bob)];
  await prisma.person.deleteMany({ where: { id: { in: ids } } });
  await prisma.order.create({ data: { owner: KEEPER, total: number } });
  return saw;
}

await serve(round, () => prisma.$disconnect());
