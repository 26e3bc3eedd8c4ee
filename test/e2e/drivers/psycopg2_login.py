"""Logs in by psycopg2: prints who it is on the server, or the error. Arguments: port, user, password, sslmode."""

import sys

import psycopg2

port, user, password, sslmode = sys.argv[1:]
try:
    connection = psycopg2.connect(
        host="127.0.0.1", port=port, dbname="postgres", user=user, password=password, sslmode=sslmode
    )
    cursor = connection.cursor()
    cursor.execute("SELECT session_user")
    print(cursor.fetchone()[0])
except psycopg2.Error as error:
    print(str(error).strip())
