"""The small shop on SQLAlchemy's ORM."""

from sqlalchemy import Column, DateTime, ForeignKey, Integer, Text, create_engine, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session, declarative_base, joinedload, relationship, selectinload
from worker import COLUMN, KEEPER, OTHER_COLUMN, RAW, TABLE, Rollback, at, milliseconds, serve

engine = create_engine("postgresql+psycopg2://", future=True)
Base = declarative_base()


class Person(Base):
    __tablename__ = TABLE
    id = Column(Integer, primary_key=True)
    name = Column(Text)
    orders = relationship("Order", back_populates="person", order_by="Order.id")


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    owner = Column(COLUMN, ForeignKey(Person.id))
    total = Column("total_cents", Integer)
    placed_at = Column(DateTime(timezone=True), server_default=func.now())
    note = Column(JSONB(none_as_null=True))
    person = relationship(Person, back_populates="orders")


def play_round(number):
    with Session(engine, future=True) as session:
        return play(session, number)


def play(session, number):
    ann, bob = Person(name="ann"), Person(name="bob")
    session.add_all([ann, bob])
    session.commit()
    ids = [ann.id, bob.id]
    name = {ann.id: "ann", bob.id: "bob"}.get
    both = Order.owner.in_(ids)
    saw = {}

    def find(*conditions, by=(Order.id,)):
        return session.scalars(select(Order).where(*conditions).order_by(*by)).all()

    def totals(orders):
        return [order.total for order in orders]

    def owners_and_totals(orders):
        return [[name(order.owner), order.total] for order in orders]

    first = Order(person=ann, total=100, placed_at=at(0), note={"gift": True})
    session.add(first)
    session.commit()
    saw["create"] = [name(first.owner), first.total, first.note, milliseconds(first.placed_at)]
    bulk = [
        Order(person=ann, total=200, placed_at=at(1)),
        Order(person=bob, total=300, placed_at=at(2)),
        Order(person=bob, total=400, placed_at=at(3)),
    ]
    session.add_all(bulk)
    session.commit()
    saw["bulk"] = owners_and_totals(bulk)

    session.expire_all()
    saw["read"] = owners_and_totals([session.get(Order, first.id)])
    saw["filter"] = totals(find(Order.person == ann))
    saw["json"] = totals(find(both, Order.note["gift"].as_boolean()))
    saw["order"] = owners_and_totals(find(both, by=(Order.owner.desc(), Order.total)))
    joined = select(Order).options(joinedload(Order.person)).where(both).order_by(Order.id)
    saw["join"] = [[order.person.name, order.total] for order in session.scalars(joined)]
    session.expire_all()
    children = select(Person).options(selectinload(Person.orders)).where(Person.id.in_(ids)).order_by(Person.id)
    saw["children"] = [[person.name, totals(person.orders)] for person in session.scalars(children)]
    groups = select(Order.owner, func.count()).where(both).group_by(Order.owner).order_by(Order.owner)
    saw["group"] = [[name(owner), count] for owner, count in session.execute(groups)]

    session.execute(update(Order).where(Order.person == bob).values(total=Order.total + 1))
    session.commit()
    saw["update"] = totals(find(Order.person == bob))
    bulk[0].person = bob
    session.commit()
    saw["move"] = owners_and_totals(find(Order.id == bulk[0].id))
    again = [{COLUMN: ann.id, "total_cents": total, "placed_at": at(hour)} for hour, total in [(0, 150), (4, 500)]]
    upsert = insert(Order).values(again)
    changes = {Order.owner: upsert.excluded[COLUMN], Order.total: upsert.excluded.total_cents}
    unique = [Order.owner, Order.placed_at]
    session.execute(upsert.on_conflict_do_update(index_elements=unique, set_=changes))
    session.commit()
    saw["upsert"] = totals(find(Order.person == ann))

    count = select(func.count()).where(Order.person == ann)
    try:
        with session.begin_nested():
            session.add(Order(person=ann, total=999))
            session.flush()
            saw["rollback"] = [session.scalar(count)]
            raise Rollback
    except Rollback:
        session.rollback()
        saw["rollback"].append(session.scalar(count))
    order = session.scalars(select(Order).where(Order.person == ann, Order.total == 500).with_for_update()).one()
    order.person = bob
    session.commit()
    saw["commit"] = totals(find(Order.person == bob, by=(Order.total,)))

    result = session.connection().exec_driver_sql(RAW, tuple(ids))
    saw["raw"] = [list(result.keys()), *([name(owner), *rest] for owner, *rest in result)]
    try:
        session.execute(text(f"SELECT {OTHER_COLUMN} FROM orders"))
    except ProgrammingError as error:
        saw["otherName"] = error.orig.pgcode
        session.rollback()
    shared = session.get(Order, 1, options=[joinedload(Order.person)])
    saw["shared"] = [shared.person.name, shared.owner, shared.total]

    saw["remove"] = [session.execute(delete(Order).where(Order.owner == each)).rowcount for each in ids]
    session.execute(delete(Person).where(Person.id.in_(ids)))
    session.add(Order(owner=KEEPER, total=number))
    session.commit()
    return saw


serve(play_round)
