"""Advisory locks of PostgreSQL, by which one of all workers does what one is enough for."""

from django.db import connection


def try_advisory_lock(key: int) -> bool:
    """Try to become the one that holds this lock, for as long as this connection is open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        return bool(cursor.fetchone()[0])
