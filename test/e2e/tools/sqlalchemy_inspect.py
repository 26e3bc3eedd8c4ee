"""What SQLAlchemy reflects of a database. Arguments: host, port, database, application_name."""
import sys

import sqlalchemy
from sqlalchemy.schema import CreateIndex, CreateTable

host, port, name, application = sys.argv[1:]
engine = sqlalchemy.create_engine(
    f"postgresql+psycopg2://postgres@{host}:{port}/{name}",
    connect_args={"application_name": application},
)
inspector = sqlalchemy.inspect(engine)


def show(title, found):
    items = found if isinstance(found, list) else [found]
    for item in items:
        print(title, sorted((key, str(value)) for key, value in (item or {}).items()))


for table in sorted(inspector.get_table_names()):
    print(table, inspector.has_table(table))
    show("column", inspector.get_columns(table))
    show("key", inspector.get_pk_constraint(table))
    show("foreign", inspector.get_foreign_keys(table))
    show("index", sorted(inspector.get_indexes(table), key=lambda index: index["name"]))
    show("unique", inspector.get_unique_constraints(table))
    show("check", inspector.get_check_constraints(table))
print(sorted(inspector.get_view_names()))

metadata = sqlalchemy.MetaData()
metadata.reflect(engine)
for table in metadata.sorted_tables:
    print(CreateTable(table))
    for index in sorted(table.indexes, key=lambda each: each.name):
        print(CreateIndex(index).compile(engine))
