"""What Django's inspectdb makes of a database. Arguments: host, port, database, application_name."""
import sys

import django
from django.conf import settings
from django.core.management import call_command

host, port, name, application = sys.argv[1:]
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": host,
            "PORT": port,
            "NAME": name,
            "USER": "postgres",
            "OPTIONS": {"application_name": application},
        }
    }
)
django.setup()
call_command("inspectdb", include_views=True, include_partitions=True)

from django.db import connection  # noqa: E402: only once Django is set up.

with connection.cursor() as cursor:
    introspection = connection.introspection
    for table in sorted(introspection.table_names(cursor)):
        print(table, introspection.get_sequences(cursor, table))
        print(introspection.get_primary_key_column(cursor, table), introspection.get_relations(cursor, table))
        for constraint, facts in sorted(introspection.get_constraints(cursor, table).items()):
            print(constraint, sorted((key, str(value)) for key, value in facts.items()))
