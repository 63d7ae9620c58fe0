"""The indexes of our own tables: each is written with every row, so each must be of use."""

from django.apps import apps
from django.db import connection

REPEATED = """
    SELECT one.indexrelid::regclass::text, other.indexrelid::regclass::text
    FROM pg_index one JOIN pg_index other USING (indrelid)
    WHERE one.indrelid::regclass::text = ANY (%s) AND one.indexrelid <> other.indexrelid
    AND NOT one.indisunique AND one.indpred IS NULL AND other.indpred IS NULL
    AND one.indexprs IS NULL AND other.indexprs IS NULL AND one.indclass[0] = other.indclass[0]
    AND other.indkey::text || ' ' LIKE one.indkey::text || ' %%'
"""


def our_tables() -> list[str]:
    return [model._meta.db_table for model in apps.get_app_config("orders").get_models()]


def found(sql: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [our_tables()])
        return list(cursor.fetchall())


def test_none_repeats_the_beginning_of_another_one() -> None:
    assert found(REPEATED) == []
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX events_again ON events (order_id)")
    assert ("events_again", "events_seq_unique") in found(REPEATED)
