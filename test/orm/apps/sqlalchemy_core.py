"""The small shop on SQLAlchemy Core: tables and statements, no mapped classes."""

from sqlalchemy import Column, DateTime, ForeignKey, Integer, MetaData, Table, Text
from sqlalchemy import create_engine, func, inspect, select, text
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by, insert
from sqlalchemy.exc import ProgrammingError
from worker import COLUMN, KEEPER, OTHER_COLUMN, RAW, TABLE, Rollback, at, milliseconds, serve

engine = create_engine("postgresql+psycopg2://", future=True)
metadata = MetaData()
people = Table(TABLE, metadata, Column("id", Integer, primary_key=True), Column("name", Text))
orders = Table(
    "orders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(COLUMN, Integer, ForeignKey(people.c.id), key="owner"),
    Column("total_cents", Integer, key="total"),
    Column("placed_at", DateTime(timezone=True)),
    Column("note", JSONB),
)
owner, total = orders.c.owner, orders.c.total


def play_round(number):
    def run(statement, values=None):
        with engine.begin() as connection:
            result = connection.execute(statement, values)
            return result.fetchall() if result.returns_rows else result.rowcount

    (ann,), (bob,) = run(insert(people).values([{"name": "ann"}, {"name": "bob"}]).returning(people.c.id))
    name = {ann: "ann", bob: "bob"}.get
    both = owner.in_([ann, bob])
    saw = {}

    def totals(condition, by=orders.c.id):
        return [row[0] for row in run(select(total).where(condition).order_by(by))]

    def owners_and_totals(rows):
        return [[name(row[0]), row[1]] for row in rows]

    values = {"owner": ann, "total": 100, "placed_at": at(0), "note": {"gift": True}}
    first = run(insert(orders).values(values).returning(orders))[0]
    # A row has the column's name in the database, a table's column its key.
    saw["create"] = [name(first._mapping[owner]), first.total_cents, first.note, milliseconds(first.placed_at)]
    several = [
        {"owner": ann, "total": 200, "placed_at": at(1)},
        {"owner": bob, "total": 300, "placed_at": at(2)},
        {"owner": bob, "total": 400, "placed_at": at(3)},
    ]
    bulk = run(insert(orders).values(several).returning(owner, total, orders.c.id))
    saw["bulk"] = owners_and_totals(bulk)

    saw["read"] = owners_and_totals(run(select(owner, total).where(orders.c.id == first.id)))
    saw["filter"] = totals(owner == ann)
    saw["json"] = totals(both & orders.c.note.contains({"gift": True}))
    saw["order"] = owners_and_totals(run(select(owner, total).where(both).order_by(owner.desc(), total)))
    joined = select(people.c.name, total).join_from(orders, people).where(both).order_by(orders.c.id)
    saw["join"] = [list(row) for row in run(joined)]
    by_person = func.array_agg(aggregate_order_by(total, orders.c.id))
    children = select(people.c.name, by_person).join(orders).where(both).group_by(people.c.id).order_by(people.c.id)
    saw["children"] = [list(row) for row in run(children)]
    groups = select(owner, func.count()).where(both).group_by(owner).order_by(owner)
    saw["group"] = owners_and_totals(run(groups))

    run(orders.update().where(owner == bob).values(total=total + 1))
    saw["update"] = totals(owner == bob)
    moved = orders.update().where(orders.c.id == bulk[0].id).values(owner=bob).returning(owner, total)
    saw["move"] = owners_and_totals(run(moved))
    again = [{"owner": ann, "total": cents, "placed_at": at(hour)} for hour, cents in [(0, 150), (4, 500)]]
    upsert = insert(orders).values(again)
    changes = {"owner": upsert.excluded.owner, "total": upsert.excluded.total}
    run(upsert.on_conflict_do_update(index_elements=[owner, orders.c.placed_at], set_=changes))
    saw["upsert"] = totals(owner == ann)

    count = select(func.count()).where(owner == ann)
    try:
        with engine.begin() as connection:
            connection.execute(orders.insert().values(owner=ann, total=999, placed_at=func.now()))
            saw["rollback"] = [connection.scalar(count)]
            raise Rollback
    except Rollback:
        saw["rollback"].append(run(count)[0][0])
    with engine.begin() as connection:
        chosen = connection.execute(select(orders).where(owner == ann, total == 500).with_for_update()).one()
        with connection.begin_nested():
            connection.execute(orders.update().where(orders.c.id == chosen.id).values(owner=bob))
    saw["commit"] = totals(owner == bob, total)

    with engine.begin() as connection:
        result = connection.exec_driver_sql(RAW, (ann, bob))
        saw["raw"] = [list(result.keys()), *([name(row[0]), *row[1:]] for row in result)]
    try:
        run(text(f"SELECT {OTHER_COLUMN} FROM orders"))
    except ProgrammingError as error:
        saw["otherName"] = error.orig.pgcode
    shared = select(people.c.name, owner, total).join_from(orders, people).where(orders.c.id == 1)
    saw["shared"] = list(run(shared)[0])

    saw["remove"] = [len(run(orders.delete().where(owner == each).returning(owner))) for each in [ann, bob]]
    run(people.delete().where(people.c.id.in_([ann, bob])))
    run(orders.insert().values(owner=KEEPER, total=number, placed_at=func.now()))
    return saw


def read_schema():
    read = inspect(engine)
    reflected = MetaData()
    reflected.reflect(engine)
    return {
        "columns": read.get_columns("orders"),
        "indexes": read.get_indexes("orders"),
        "foreign keys": read.get_foreign_keys("orders"),
        "unique constraints": read.get_unique_constraints("orders"),
        "reflected": sorted(str(column) for table in reflected.tables.values() for column in table.columns),
    }


serve(play_round, read_schema)
