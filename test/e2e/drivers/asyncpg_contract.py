"""The cases of ../driver-contract.test.ts as asyncpg spells them; one line of JSON each."""

import asyncio
import decimal
import hashlib
import io
import json
import sys

import asyncpg

host, port, database, application_name = sys.argv[1:]


def connect(**options):
    return asyncpg.connect(
        host=host,
        port=int(port),
        database=database,
        user="postgres",
        server_settings={"application_name": application_name},
        **options,
    )


def plain(rows):
    return [dict(row) for row in rows]


async def error_of(awaitable):
    try:
        await awaitable
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncio.TimeoutError) as error:
        names = ("sqlstate", "severity", "position", "detail", "hint", "context", "schema_name")
        names += ("table_name", "column_name", "data_type_name", "constraint_name")
        fields = {name: getattr(error, name, None) for name in names}
        return {"class": type(error).__name__, "text": str(error), **fields}
    return "no error"


async def types(c):
    return plain(
        await c.fetch(
            "SELECT id, user_id, amount, note, at, extra, tags, raw, NULL AS nothing,"
            " 1.5::float8 AS real, true AS yes, ARRAY[[1, 2], [3, NULL]] AS grid, 'a'::char(3) AS padded,"
            " (1, 'x'::text) AS pair FROM sale ORDER BY id"
        )
    )


async def parameters(c):
    inserted = await c.fetch(
        "INSERT INTO sale (id, user_id, amount, note, tags, extra, raw)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *",
        *(10, 5, decimal.Decimal("3.10"), "it's ä€\\", ["x", "y,z", None], '{"k": [1, null]}'),
        b"\x00\xff'\\",
    )
    return [
        plain(inserted),
        await c.execute("UPDATE sale SET user_id = $1 WHERE user_id = $2", 6, 5),
        plain(await c.fetch("SELECT id, user_id FROM sale WHERE user_id = ANY($1) ORDER BY id", [6, 20])),
        await c.fetchval("SELECT full_name FROM person WHERE full_name LIKE $1", "%n%"),
        await error_of(c.fetch("SELECT user_id FROM sale WHERE id = $1", "not a number")),
        plain(await c.fetch("DELETE FROM sale WHERE id = $1 RETURNING user_id", 10)),
    ]


async def prepared(c):
    statement = await c.prepare("SELECT id, user_id FROM sale WHERE user_id >= $1 ORDER BY id")
    seen = [plain(await statement.fetch(least)) for least in range(1, 8)]
    # By the cache of statements, and with a cache that has to let go of them.
    sql = "SELECT user_id FROM sale WHERE id = $1"
    seen += [await c.fetchval(sql, id) for id in (1, 2, 3, 1, 2, 3)]
    small = await connect(statement_cache_size=2)
    for _ in range(2):
        for column in ("id", "user_id", "note", "user_id + 1"):
            seen.append(await small.fetchval(f"SELECT {column} FROM sale WHERE id = $1", 1))
    await small.close()
    none = await connect(statement_cache_size=0)
    seen += [await none.fetchval(sql, id) for id in (1, 2, 1)]
    await none.close()
    return seen


async def batch(c):
    sql = "INSERT INTO sale (id, user_id, note) VALUES ($1, $2, $3)"
    seen = [await c.executemany(sql, [(id, id, None) for id in range(20, 60)])]
    seen.append(await error_of(c.executemany(sql, [(60, 1, "a"), (61, -1, "b"), (62, 1, "c")])))
    seen.append(await c.execute("SELECT user_id FROM sale; UPDATE sale SET user_id = user_id"))
    seen.append(await c.fetchrow("SELECT count(*), sum(user_id) FROM sale"))
    return [*map(tuple_of, seen), await c.execute("DELETE FROM sale WHERE id >= 20")]


def tuple_of(value):
    return [*value] if isinstance(value, asyncpg.Record) else value


async def transaction(c):
    seen = []
    async with c.transaction():
        seen.append(await c.execute("UPDATE sale SET user_id = user_id + 1"))
        seen.append(c.is_in_transaction())
    outer = c.transaction(isolation="serializable")
    await outer.start()
    seen.append(await c.execute("UPDATE sale SET user_id = user_id + 5"))
    seen.append(await error_of(c.fetch("SELECT 1/0")))
    seen.append(await error_of(c.fetch("SELECT user_id FROM sale")))
    await outer.rollback()
    async with c.transaction(readonly=True):
        seen.append(await error_of(c.execute("UPDATE sale SET user_id = 1")))
    seen.append(await c.execute("UPDATE sale SET user_id = user_id - 1"))
    seen.append(plain(await c.fetch("SELECT user_id FROM sale ORDER BY id")))
    return seen


async def savepoint(c):
    seen = []
    async with c.transaction():
        inner = c.transaction()
        await inner.start()
        seen.append(await error_of(c.execute("INSERT INTO sale (id, user_id) VALUES ($1, 1)", 1)))
        await inner.rollback()
        seen.append(plain(await c.fetch("SELECT user_id FROM sale ORDER BY id")))
    return seen


async def errors(c):
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
    seen = [await error_of(run(text)) for text in texts for run in (c.fetch, c.execute)]
    return [*seen, await c.fetchval("SELECT user_id FROM sale WHERE id = 1")]


async def copy_in(c):
    records = [(60, 1, "ä€"), (61, 2, None)]
    return [
        await c.copy_records_to_table("sale", records=records, columns=["id", "user_id", "note"]),
        await c.copy_to_table(
            "person",
            source=io.BytesIO(b'full_name,id\n"Dee, D",9\n'),
            columns=["full_name", "id"],
            format="csv",
            header=True,
        ),
        plain(await c.fetch("DELETE FROM sale WHERE id >= 60 RETURNING id, user_id, note")),
        await c.fetchval("DELETE FROM person WHERE id = 9 RETURNING full_name"),
    ]


async def copy_out(c):
    seen = []
    for run in (
        lambda out: c.copy_from_table("sale", output=out),
        lambda out: c.copy_from_table(
            "sale", columns=["user_id", "id"], output=out, format="csv"
        ),
        lambda out: c.copy_from_query(
            "SELECT user_id, full_name FROM sale, person WHERE full_name <> $1 ORDER BY 1, 2",
            "x",
            output=out,
            format="csv",
            header=True,
        ),
        lambda out: c.copy_from_query(
            "SELECT user_id FROM sale WHERE user_id >= $1 ORDER BY 1", 1, output=out, format="binary"
        ),
    ):
        out = io.BytesIO()
        seen.append([await run(out), out.getvalue().decode("latin1")])
    return seen


async def copy_error(c):
    columns = ["id", "user_id"]

    async def failing_source():
        yield b"70\t1\n"
        raise asyncpg.InterfaceError("the source failed")

    async def copy(source):
        return await error_of(c.copy_to_table("sale", source=source, columns=columns))

    return [
        await copy(io.BytesIO(b"70\tx\n71\t1\n")),
        await copy(io.BytesIO(b"70\t-1\n")),
        await copy(failing_source()),
        await error_of(c.copy_records_to_table("sale", records=[(1, 1)], columns=columns)),
        await error_of(c.copy_from_query("SELECT 1/(user_id - 20) FROM sale", output=io.BytesIO())),
        plain(await c.fetch("SELECT user_id FROM sale ORDER BY id")),
    ]


async def cursor(c):
    sql = "SELECT id, user_id FROM sale WHERE user_id >= $1 ORDER BY id"
    async with c.transaction():
        seen = [dict(row) async for row in c.cursor(sql, 1, prefetch=2)]
        one = await c.cursor(sql, 1)
        seen.append(await one.forward(1))
        seen.append(plain(await one.fetch(1)))
        seen.append(await one.fetchrow() is None)
    return seen


async def metadata(c):
    seen = []
    for sql in (
        "SELECT *, user_id AS u, user_id + 1, upper(note) FROM sale WHERE user_id = $1 AND note = $2",
        "SELECT s.user_id, p.* FROM sale s, person p WHERE p.full_name = $1",
        "UPDATE sale SET user_id = $1 WHERE tags = $2",
    ):
        statement = await c.prepare(sql)
        seen.append([str(each) for each in statement.get_parameters()])
        seen.append([str(each) for each in statement.get_attributes()])
        seen.append(statement.get_statusmsg())
    return seen


async def notify(c):
    listening = await connect()
    notes = asyncio.Queue()
    await listening.add_listener("news", lambda _, pid, *note: notes.put_nowait(note))
    await c.execute("SELECT pg_notify('news', $1)", "ä€")
    await c.execute("NOTIFY news, 'again'")
    seen = [await asyncio.wait_for(notes.get(), 10) for _ in range(2)]
    await listening.close()
    return seen


async def notice(c):
    notes = []

    def listener(_, message):
        notes.append({**message.as_dict(), "text": str(message)})

    c.add_log_listener(listener)
    await c.execute("DO $$ BEGIN RAISE NOTICE 'a note'; RAISE WARNING 'a warning'; END $$")
    await asyncio.sleep(0.05)
    c.remove_log_listener(listener)
    return notes


async def cancel(c):
    # asyncpg sends a cancel request when the task is cancelled.
    task = asyncio.ensure_future(c.fetch("SELECT user_id, pg_sleep(30) FROM sale"))
    await asyncio.sleep(0.3)
    task.cancel()
    outcome = (await asyncio.gather(task, return_exceptions=True))[0]
    return [type(outcome).__name__, plain(await c.fetch("SELECT user_id FROM sale ORDER BY id"))]


async def timeout(c):
    seen = [await error_of(c.fetch("SELECT user_id, pg_sleep(30) FROM sale", timeout=0.3))]
    await c.execute("SET statement_timeout = '200ms'")
    seen.append(await error_of(c.fetch("SELECT user_id, pg_sleep(30) FROM sale")))
    await c.reset()
    return [*seen, plain(await c.fetch("SELECT user_id FROM sale ORDER BY id"))]


async def large(c):
    raw = b"\x00\xff" * (5 * 1024 * 1024 // 2)
    text = json.dumps({"text": "ä" * (5 * 1024 * 1024 // 2)}, ensure_ascii=False)
    insert = "INSERT INTO sale (id, user_id, raw, extra) VALUES (80, 1, $1, $2)"
    await c.execute(insert, raw, text)
    row = await c.fetchrow("DELETE FROM sale WHERE id = 80 RETURNING user_id, raw, extra")
    rows = await c.fetch("SELECT user_id, repeat('x', 1000) AS x FROM sale, generate_series(1, 5000)")
    digest = hashlib.md5(row["raw"]).hexdigest()
    return [row["user_id"], digest, row["extra"] == text, len(rows), sum(len(x["x"]) for x in rows)]


CASES = (types, parameters, prepared, batch, transaction, savepoint, errors, copy_in, copy_out)
CASES += (copy_error, cursor, metadata, notify, notice, cancel, timeout, large)


def to_json(value):
    return value.hex() if isinstance(value, bytes) else str(value)


async def main():
    connection = await connect()
    for case in CASES:
        name = case.__name__.replace("_", " ")
        saw = await case(connection)
        print(json.dumps({"case": name, "saw": saw}, default=to_json))
    await connection.close()


asyncio.run(main())
