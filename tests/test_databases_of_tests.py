"""Each test works on the database that was made for it, on whatever thread."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection, connections

from tests.conftest import unique
from tests.plugin import database_of_its_own


def current_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        return str(cursor.fetchone()[0])


def test_a_thread_that_is_used_again_works_on_the_database_of_now() -> None:
    with ThreadPoolExecutor(1) as thread:
        before = thread.submit(current_database).result()
        with database_of_its_own(f"threads{unique()}"):
            inside = thread.submit(current_database).result()
        after = thread.submit(current_database).result()
        thread.submit(connections.close_all).result()
    assert (inside != before, after) == (True, before)
