"""Database connections of long-lived threads: a broken one is dropped before use, without a round trip."""

import asyncio
import select
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")


def drop_dead_connections() -> None:
    """Close this thread's connections that broke, or whose server has gone.

    A server that ends closes the socket, and an idle socket becomes readable when it is closed. So `poll` finds out
    without cost what Django's health check needs a query for.
    """
    for connection in connections.all(initialized_only=True):
        raw = connection.connection
        if raw is not None and (connection.errors_occurred or raw.closed or _readable(raw.fileno())):
            connection.close()


def rely_on_dropping() -> None:
    """Disable Django's health check (one query each time) in a process that drops dead connections itself."""
    for connection in connections.all():
        connection.settings_dict["CONN_HEALTH_CHECKS"] = False


class DatabaseThreads:
    """Threads for the queries of the loops beside the worker, so that no query blocks the event loop."""

    def __init__(self, threads: int) -> None:
        """`threads` queries run at once."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="relay-db")

    async def run(self, query: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `query` on one of the threads and return its result."""

        def call() -> T:
            drop_dead_connections()
            return query(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Wait for running queries, then end the threads."""
        self._pool.shutdown()


def _readable(descriptor: int) -> bool:
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(0))
