"""The cases of ../driver-contract.test.ts as psycopg2 spells them; one line of JSON each."""

import io
import json
import select
import sys
import threading

import psycopg2
import psycopg2.extras

host, port, database, application_name = sys.argv[1:]


def connect():
    return psycopg2.connect(
        host=host, port=port, dbname=database, user="postgres", application_name=application_name
    )


connection = connect()
connection.autocommit = True


def ask(sql, values=None, cursor=None):
    cursor = cursor or connection.cursor()
    cursor.execute(sql, values)
    rows = cursor.fetchall() if cursor.description else None
    return {"status": cursor.statusmessage, "count": cursor.rowcount, "rows": rows}


def error_of(run):
    try:
        run()
    except psycopg2.Error as error:
        names = ("severity", "message_primary", "message_detail", "message_hint", "context")
        names += ("statement_position", "schema_name", "table_name", "column_name")
        names += ("datatype_name", "constraint_name", "source_function")
        fields = {name: getattr(error.diag, name) for name in names}
        return {"class": type(error).__name__, "code": error.pgcode, "text": str(error), **fields}
    return "no error"


def types():
    return ask(
        "SELECT id, user_id, amount, note, at, extra, tags, raw, NULL AS nothing, 1.5::float8 AS real,"
        " true AS yes, ARRAY[[1, 2], [3, NULL]] AS grid, 'a'::char(3) AS padded FROM sale ORDER BY id"
    )


def parameters():
    values = (10, 5, "3.10", "it's 100% ä€\\", "2026-02-03 04:05:06+00", ["x", "y,z", None])
    return [
        ask(
            "INSERT INTO sale (id, user_id, amount, note, at, tags, extra, raw)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING *",
            (*values, psycopg2.extras.Json({"k": [1, None]}), psycopg2.Binary(b"\x00\xff'\\")),
        ),
        ask("UPDATE sale SET user_id = %(user)s WHERE user_id = %(old)s", {"user": 6, "old": 5}),
        ask("SELECT id, user_id FROM sale WHERE user_id = ANY(%s) ORDER BY id", ([6, 20],)),
        ask("SELECT user_id FROM sale WHERE (id, user_id) IN %s", (((10, 6), (1, 20)),)),
        ask("SELECT full_name FROM person WHERE full_name LIKE %s ORDER BY 1", ("%n%",)),
        ask("DELETE FROM sale WHERE id = 10 RETURNING user_id"),
    ]


def prepared():
    seen = [ask("PREPARE p (int) AS SELECT id, user_id FROM sale WHERE user_id >= $1 ORDER BY id")]
    seen += [ask("EXECUTE p (%s)", (least,)) for least in range(1, 8)]
    return [*seen, ask("DEALLOCATE p")]


def batch():
    cursor = connection.cursor()
    sql = "INSERT INTO sale (id, user_id, note) VALUES "
    cursor.executemany(sql + "(%s, %s, %s)", [(20, 1, "a"), (21, 2, "b")])
    many = cursor.rowcount
    rows = [(id, id, None) for id in range(22, 30)]
    psycopg2.extras.execute_batch(cursor, sql + "(%s, %s, %s)", rows, page_size=3)
    more = [(id, 3, str(id)) for id in range(30, 40)]
    returned = psycopg2.extras.execute_values(
        cursor, sql + "%s RETURNING id, user_id", more, page_size=4, fetch=True
    )
    failed = error_of(lambda: cursor.executemany(sql + "(%s, %s, %s)", [(40, 1, "c"), (41, -1, "b")]))
    several = ask("SELECT user_id FROM sale; SELECT count(*), sum(user_id) FROM sale")
    return [many, returned, failed, several, ask("DELETE FROM sale WHERE id >= 20")]


def transaction():
    other = connect()
    with other, other.cursor() as cursor:
        inside = ask("UPDATE sale SET user_id = user_id + 1 RETURNING id, user_id", None, cursor)
        status = other.get_transaction_status()
    other.rollback()
    cursor = other.cursor()
    ask("UPDATE sale SET user_id = user_id - 1", None, cursor)
    failed = error_of(lambda: ask("SELECT 1/0", None, cursor))
    aborted = error_of(lambda: ask("SELECT user_id FROM sale", None, cursor))
    statuses = [status, other.get_transaction_status()]
    other.rollback()
    other.set_session(isolation_level="SERIALIZABLE", readonly=True, deferrable=True)
    read_only = error_of(lambda: ask("UPDATE sale SET user_id = 1", None, cursor))
    other.rollback()
    other.set_session(isolation_level="DEFAULT", readonly=False, deferrable=False)
    back = ask("UPDATE sale SET user_id = user_id - 1", None, cursor)
    other.commit()
    other.close()
    return [inside, failed, aborted, statuses, read_only, back]


def savepoint():
    other = connect()
    cursor = other.cursor()
    seen = [ask("SAVEPOINT a", None, cursor)]
    seen.append(error_of(lambda: ask("INSERT INTO sale (id, user_id) VALUES (1, 1)", None, cursor)))
    seen.append(ask("ROLLBACK TO SAVEPOINT a", None, cursor))
    seen.append(ask("SELECT user_id FROM sale ORDER BY id", None, cursor))
    other.rollback()
    other.close()
    return seen


def errors():
    texts = (
        "SELECT user_id, no_such_column FROM sale",
        "SELECT s.id, s.nope, s.user_id FROM sale s",
        "SELECT 'ä€', user_id FROM sale WHERE user_id = no_such_function(user_id)",
        "SELECT user_id, FROM sale WHERE",
        "INSERT INTO sale (id, user_id) VALUES (1, 1)",
        "INSERT INTO sale (id, user_id) VALUES (50, NULL)",
        "INSERT INTO sale (id, user_id) VALUES (50, -1)",
        "INSERT INTO sale (id, user_id, note) SELECT 50, user_id, note FROM sale WHERE id = 1",
        "INSERT INTO sale (id, user_id) VALUES (50, 'x')",
        "SELECT full_name, user_id FROM person",
        "SELECT user_id FROM no_such_table",
        "SELECT full_name / 2 FROM person",
    )
    seen = [error_of(lambda text=text: ask(text)) for text in texts]
    return [*seen, ask("SELECT user_id FROM sale WHERE id = 1")]


def copy_in():
    cursor = connection.cursor()
    cursor.copy_expert(
        "COPY sale (id, user_id, note) FROM STDIN", io.StringIO("60\t1\tä€\n61\t2\t\\N\n")
    )
    counts = [cursor.rowcount]
    cursor.copy_from(io.StringIO("62,3\n63,4\n"), "sale", sep=",", columns=("id", "user_id"))
    counts.append(cursor.rowcount)
    cursor.copy_expert(
        "COPY person (full_name, id) FROM STDIN (FORMAT csv, HEADER)",
        io.StringIO("full_name,id\n\"Dee, D\",9\n"),
    )
    return [
        counts,
        ask("DELETE FROM sale WHERE id >= 60 RETURNING id, user_id, note"),
        ask("DELETE FROM person WHERE id = 9 RETURNING full_name"),
    ]


def copy_out():
    cursor = connection.cursor()
    texts = []
    for sql in (
        "COPY sale TO STDOUT",
        "COPY sale (user_id, id) TO STDOUT (FORMAT csv)",
        "COPY (SELECT user_id, full_name FROM sale, person ORDER BY 1, 2) TO STDOUT (FORMAT csv, HEADER)",
    ):
        out = io.StringIO()
        cursor.copy_expert(sql, out)
        texts.append([out.getvalue(), cursor.rowcount])
    return texts


def copy_error():
    def copy(text):
        sql = "COPY sale (id, user_id) FROM STDIN"
        return error_of(lambda: connection.cursor().copy_expert(sql, io.StringIO(text)))

    class Broken:
        def read(self, size):
            raise ValueError("the source failed")

    seen = [copy("70\tx\n71\t1\n"), copy("70\t-1\n"), copy("1\t1\n")]
    try:
        connection.cursor().copy_expert("COPY sale (id, user_id) FROM STDIN", Broken())
    except (psycopg2.Error, ValueError) as error:
        seen.append(str(error))
    return [*seen, ask("SELECT user_id FROM sale ORDER BY id")]


def cursor():
    other = connect()
    with other.cursor("c", scrollable=True) as named:
        named.itersize = 2
        named.execute("SELECT id, user_id FROM sale ORDER BY id")
        seen = [named.fetchone(), named.fetchmany(2)]
        named.scroll(0, mode="absolute")
        seen += [[*named], [column.name for column in named.description]]
    with other.cursor("h", withhold=True) as held:
        held.execute("SELECT user_id FROM sale ORDER BY id")
        other.commit()
        seen.append(held.fetchall())
    other.close()
    return seen


def metadata():
    cursor = connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
    cursor.execute("SELECT *, user_id AS u, user_id + 1, upper(note) FROM sale ORDER BY id")
    described = [
        [*column, column.table_oid, column.table_column] for column in cursor.description
    ]
    row = cursor.fetchone()
    cursor.execute("SELECT s.user_id, p.* FROM sale s, person p WHERE p.full_name = 'Ann' LIMIT 1")
    return [described, row, cursor.fetchall()]


def notify():
    other = connect()
    other.autocommit = True
    seen = [ask("LISTEN news", None, other.cursor()), ask("NOTIFY news, 'ä€'")]
    while not other.notifies:
        select.select([other], [], [], 10)
        other.poll()
    seen.append([(note.channel, note.payload) for note in other.notifies])
    other.close()
    return seen


def notice():
    del connection.notices[:]
    ask("DO $$ BEGIN RAISE NOTICE 'a note'; RAISE WARNING 'a warning'; END $$")
    return [*connection.notices]


def cancel():
    timer = threading.Timer(0.3, connection.cancel)
    timer.start()
    seen = error_of(lambda: ask("SELECT user_id, pg_sleep(30) FROM sale"))
    timer.join()
    return [seen, ask("SELECT user_id FROM sale ORDER BY id")]


def timeout():
    ask("SET statement_timeout = '200ms'")
    seen = error_of(lambda: ask("SELECT user_id, pg_sleep(30) FROM sale"))
    return [seen, ask("RESET statement_timeout"), ask("SELECT user_id FROM sale ORDER BY id")]


def large():
    # A value that is part of the text is analysed with it: limits.statement_size_max.
    raw = b"\x00\xff" * 100_000
    ask("INSERT INTO sale (id, user_id, raw) VALUES (80, 1, %s)", (psycopg2.Binary(raw),))
    text = "ä" * (5 * 1024 * 1024 // 2)
    lines = io.StringIO(f"81\t1\t{json.dumps({'text': text}, ensure_ascii=False)}\n")
    connection.cursor().copy_expert("COPY sale (id, user_id, extra) FROM STDIN", lines)
    deleted = ask("DELETE FROM sale WHERE id >= 80 RETURNING user_id, raw, extra")["rows"]
    same = [bytes(deleted[0][1]) == raw, deleted[1][2]["text"] == text]
    rows = ask("SELECT user_id, repeat('x', 1000) FROM sale, generate_series(1, 5000)")["rows"]
    return [deleted[0][0], same, len(rows), sum(len(each[1]) for each in rows)]


CASES = (types, parameters, prepared, batch, transaction, savepoint, errors, copy_in, copy_out)
CASES += (copy_error, cursor, metadata, notify, notice, cancel, timeout, large)


def to_json(value):
    return bytes(value).hex() if isinstance(value, (memoryview, bytes)) else str(value)


for case in CASES:
    name = case.__name__.replace("_", " ")
    print(json.dumps({"case": name, "saw": case()}, default=to_json))
connection.close()
