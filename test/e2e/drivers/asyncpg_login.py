"""Logs in by asyncpg: prints who it is on the server, or the error. Arguments: port, user, password, sslmode."""

import asyncio
import ssl
import sys

import asyncpg

port, user, password, sslmode = sys.argv[1:]


async def log_in():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = await asyncpg.connect(
        host="127.0.0.1",
        port=int(port),
        database="postgres",
        user=user,
        password=password,
        ssl=context if sslmode == "require" else False,
    )
    print(await connection.fetchval("SELECT session_user"))
    await connection.close()


try:
    asyncio.run(log_in())
except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
    print(error)
