"""The small shop on Django's ORM."""

import os

import django
from django.conf import settings
from django.db import ProgrammingError, connection, models, transaction
from django.db.models import Count, F
from django.utils import timezone
from worker import COLUMN, KEEPER, OTHER_COLUMN, RAW, TABLE, Rollback, at, milliseconds, serve

# Host, user and application_name come from libpq's variables.
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]}},
    INSTALLED_APPS=["__main__"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()


class Person(models.Model):
    name = models.TextField()

    class Meta:
        db_table = TABLE


class Order(models.Model):
    person = models.ForeignKey(Person, models.DO_NOTHING, db_column=COLUMN, related_name="orders")
    total = models.IntegerField(db_column="total_cents")
    placed_at = models.DateTimeField(default=timezone.now)
    note = models.JSONField(null=True)

    class Meta:
        db_table = "orders"
        unique_together = [("person", "placed_at")]


def play_round(number):
    ann, bob = Person.objects.bulk_create([Person(name="ann"), Person(name="bob")])
    name = {ann.id: "ann", bob.id: "bob"}.get
    both = Order.objects.filter(person__in=[ann, bob])
    saw = {}

    def totals(orders):
        return [order.total for order in orders]

    def owners_and_totals(orders):
        return [[name(order.person_id), order.total] for order in orders]

    first = Order.objects.create(person=ann, total=100, placed_at=at(0), note={"gift": True})
    first.refresh_from_db()
    saw["create"] = [name(first.person_id), first.total, first.note, milliseconds(first.placed_at)]
    bulk = Order.objects.bulk_create(
        [
            Order(person=ann, total=200, placed_at=at(1)),
            Order(person=bob, total=300, placed_at=at(2)),
            Order(person=bob, total=400, placed_at=at(3)),
        ]
    )
    saw["bulk"] = owners_and_totals(bulk)

    saw["read"] = owners_and_totals([Order.objects.get(pk=first.pk)])
    saw["filter"] = totals(ann.orders.order_by("id"))
    saw["json"] = totals(both.filter(note__gift=True))
    saw["order"] = owners_and_totals(both.order_by("-person_id", "total"))
    saw["join"] = [[order.person.name, order.total] for order in both.select_related("person").order_by("id")]
    people = Person.objects.filter(orders__in=both).distinct().order_by("id")
    children = people.prefetch_related(models.Prefetch("orders", Order.objects.order_by("id")))
    saw["children"] = [[person.name, totals(person.orders.all())] for person in children]
    groups = both.values("person_id").annotate(count=Count("*")).order_by("person_id")
    saw["group"] = [[name(group["person_id"]), group["count"]] for group in groups]

    bob.orders.update(total=F("total") + 1)
    saw["update"] = totals(bob.orders.order_by("id"))
    Order.objects.filter(pk=bulk[0].pk).update(person=bob)
    saw["move"] = owners_and_totals(Order.objects.filter(pk=bulk[0].pk))
    for hour, total in [(0, 150), (4, 500)]:
        Order.objects.update_or_create(person=ann, placed_at=at(hour), defaults={"total": total})
    again = [Order(person=ann, total=1, placed_at=at(hour)) for hour in [0, 4]]
    Order.objects.bulk_create(again, ignore_conflicts=True)
    saw["upsert"] = totals(ann.orders.order_by("id"))

    try:
        with transaction.atomic():
            ann.orders.create(total=999)
            saw["rollback"] = [ann.orders.count()]
            raise Rollback
    except Rollback:
        saw["rollback"].append(ann.orders.count())
    with transaction.atomic():
        order = Order.objects.select_for_update().get(person=ann, total=500)
        with transaction.atomic():
            order.person = bob
            order.save()
    saw["commit"] = totals(bob.orders.order_by("total"))

    with connection.cursor() as cursor:
        cursor.execute(RAW, [ann.id, bob.id])
        columns = [column.name for column in cursor.description]
        saw["raw"] = [columns, *([name(owner), *rest] for owner, *rest in cursor.fetchall())]
        try:
            cursor.execute(f"SELECT {OTHER_COLUMN} FROM orders")
        except ProgrammingError as error:
            saw["otherName"] = error.__cause__.pgcode
    shared = Order.objects.select_related("person").get(pk=1)
    saw["shared"] = [shared.person.name, shared.person_id, shared.total]

    saw["remove"] = [ann.orders.all().delete()[0], bob.orders.all().delete()[0]]
    Person.objects.filter(pk__in=[ann.pk, bob.pk]).delete()
    Order.objects.create(person_id=KEEPER, total=number)
    return saw


def read_schema():
    with connection.cursor() as cursor:
        read = connection.introspection
        return {
            "tables": sorted(read.table_names(cursor)),
            "columns": [column.name for column in read.get_table_description(cursor, "orders")],
            "constraints": read.get_constraints(cursor, "orders"),
            "relations": read.get_relations(cursor, "orders"),
        }


serve(play_round, read_schema)
