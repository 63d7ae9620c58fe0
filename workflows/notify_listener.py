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
                async for _ in listener.notifies():
                    wake.set()
        except psycopg.OperationalError:
            await asyncio.sleep(RECONNECT_SECONDS)


def _own_connection() -> dict[str, Any]:
    """A separate connection, with the keepalive settings of all: it must not wait for a silent network."""
    params = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port", *connection.settings_dict["OPTIONS"])
    return {**{name: params[name] for name in names if name in params}, "autocommit": True}
