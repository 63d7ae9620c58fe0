"""What the budgets are counted with."""

from pathlib import Path

from django.db import connection

from tests.budgets.conftest import commits_between, wal_position


def test_commits_are_counted_across_the_files_of_the_wal(cluster: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE counted (number int)")
        begin = wal_position()
        cursor.execute("INSERT INTO counted VALUES (1)")
        cursor.execute("SELECT pg_switch_wal()")
        cursor.execute("INSERT INTO counted VALUES (2)")
    assert commits_between(cluster, begin, wal_position()) == 2
