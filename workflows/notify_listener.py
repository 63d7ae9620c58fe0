"""Wakes a loop by PostgreSQL's LISTEN and NOTIFY."""

import asyncio
from typing import Any

import psycopg
from django.db import connection

RECONNECT_SECONDS = 1.0


async def listen(channel: str, wake: asyncio.Event) -> None:
    """Set `wake` at every notification, until cancelled; while the listener is disconnected, the caller's poll finds
    all rows.
    """
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(**_own_connection()) as listener:
                await listener.execute(f"LISTEN {channel}")
                wake.set()
                await _until_it_breaks(listener, wake)
        except psycopg.OperationalError:
            await asyncio.sleep(RECONNECT_SECONDS)


async def _until_it_breaks(listener: psycopg.AsyncConnection, wake: asyncio.Event) -> None:
    """The socket is read when it is readable: psycopg's own generator would also wake ten times a second."""
    loop = asyncio.get_running_loop()
    broken = loop.create_future()

    def read() -> None:
        try:
            listener.pgconn.consume_input()
            while listener.pgconn.notifies():
                wake.set()
        except psycopg.OperationalError as error:
            if not broken.done():
                broken.set_exception(error)

    loop.add_reader(listener.fileno(), read)
    try:
        await broken
    finally:
        loop.remove_reader(listener.fileno())


def _own_connection() -> dict[str, Any]:
    """A separate connection, with the keepalive settings of all: it must not wait for a silent network."""
    params = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port", *connection.settings_dict["OPTIONS"])
    return {**{name: params[name] for name in names if name in params}, "autocommit": True}
