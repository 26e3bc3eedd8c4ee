"""What the apps in Python share: their version's names, and rounds on demand."""

import json
import os
import sys
from datetime import datetime, timezone

IS_OLD = os.environ["ORM_VERSION"] == "1.0.0"
# What this version calls the table and the column, and what the other one calls the column.
TABLE = "person" if IS_OLD else "people"
COLUMN = "user_id" if IS_OLD else "customer_id"
OTHER_COLUMN = "customer_id" if IS_OLD else "user_id"
# The person whose orders count this version's rounds.
KEEPER = 10 if IS_OLD else 20

RAW = (
    f"SELECT o.{COLUMN}, p.name, count(*)::int AS n FROM orders o JOIN {TABLE} p ON p.id = o.{COLUMN} "
    f"WHERE o.{COLUMN} IN (%s, %s) GROUP BY o.{COLUMN}, p.name ORDER BY o.{COLUMN}"
)


class Rollback(Exception):
    """In place of the error that makes a transaction roll back."""


def at(hour):
    """A time of day, so that no two orders of a round are of the same."""
    return datetime(2026, 1, 1, hour, tzinfo=timezone.utc)


def milliseconds(time):
    return int(time.timestamp() * 1000)


def serve(play_round, read_schema=None):
    """One line out for each line that comes in: a round by its number, or what the tool reads of the schema."""
    for line in sys.stdin:
        if line == "schema\n":
            answer = {"saw": read_schema()}
        else:
            answer = {"round": int(line), "saw": play_round(int(line))}
        print(json.dumps(answer, default=str), flush=True)
