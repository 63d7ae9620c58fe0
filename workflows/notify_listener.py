"""LISTEN: waking a loop as soon as PostgreSQL says that there is something to do."""

import asyncio
from typing import Any

import psycopg
from django.db import connection

RECONNECT_SECONDS = 1.0


async def listen(channel: str, wake: asyncio.Event) -> None:
    """Set `wake` at every notification, until cancelled; while the listener is away, the caller's poll finds all."""
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
    """A connection of the listener's own, with the keepalive of all: a silent network must not leave it waiting."""
    params = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port", *connection.settings_dict["OPTIONS"])
    return {**{name: params[name] for name in names if name in params}, "autocommit": True}
