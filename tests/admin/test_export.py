"""The list of orders as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import override_settings
from django.urls import reverse
from django.utils import timezone

from orders.admin.orders import export
from orders.admin.orders.export import COLUMNS
from orders.admin.orders.spreadsheet_cells import text_cell
from orders.lifecycle import Status
from orders.models import Order
from orders.slots import Slots
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order, an_order_in

EXPORT = reverse("admin:orders_order_export")
BOM = "\ufeff"


# What a cell may be for a spreadsheet (as it is written there), and what was stored.
HOSTILE = {
    "=1+1": "'=1+1",
    "+1": "'+1",
    "-1": "'-1",
    "@SUM(A1)": "'@SUM(A1)",
    "  =1": "'  =1",
    "\u200b=1": "'\u200b=1",
    '"=1"': '\'"=1"',
    "\N{FULLWIDTH EQUALS SIGN}1": "'\N{FULLWIDTH EQUALS SIGN}1",
    "\N{FULLWIDTH PLUS SIGN}1": "'\N{FULLWIDTH PLUS SIGN}1",
    "\N{FULLWIDTH HYPHEN-MINUS}1": "'\N{FULLWIDTH HYPHEN-MINUS}1",
    "\N{FULLWIDTH COMMERCIAL AT}A": "'\N{FULLWIDTH COMMERCIAL AT}A",
    "\N{SMALL EQUALS SIGN}1": "'\N{SMALL EQUALS SIGN}1",
    "\N{MINUS SIGN}1": "'\N{MINUS SIGN}1",
    "\tA": "'\tA",
    "\rA": "'\rA",
    "\t=1": "'\t'=1",
    "x;=1+1;y": "x;'=1+1;y",
    "x,=1": "x,'=1",
    "x|@A": "x|'@A",
    "x\t+1": "x\t'+1",
    "x\n=1": "x\n'=1",
    "x;;=1;=2": "x;;'=1;'=2",
    "\N{NO-BREAK SPACE}=1": "'\N{NO-BREAK SPACE}=1",
    "\n=1": "\n'=1",
    "x\r\n-1": "x\r\n'-1",
    'x; "=1"': 'x;\' "=1"',
    "x;\N{FULLWIDTH EQUALS SIGN}1": "x;'\N{FULLWIDTH EQUALS SIGN}1",
    "0012345": "'0012345",
    "12345678901234567890": "'12345678901234567890",
    "1E5": "'1E5",
    "(5)": "'(5)",
    "1/2": "'1/2",
    "2026-11-29": "'2026-11-29",
    "MAR-1": "'MAR-1",
    "3 Mar": "'3 Mar",
    "TRUE": "'TRUE",
}
HARMLESS = [
    "",
    "R-17",
    "a=b",
    "a - b",
    "5th Avenue 7",
    "Ann-Marie M\xfcller; Co.",
    "May",
    "7K3M-9QWX",
    "a+b@c.example",
    "x" * 300,
]


def table(desk: Desk, **query: str) -> tuple[str, list[list[str]]]:
    """The text of the file and its cells, as the standard library reads them."""
    answer = desk.client.get(EXPORT, query)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    text = answer.getvalue().decode()
    return text, list(csv.reader(io.StringIO(text.removeprefix(BOM), newline=""), strict=True))


def rows(desk: Desk, **query: str) -> list[dict[str, str]]:
    _, (names, *cells) = table(desk, **query)
    return [dict(zip(names, row, strict=True)) for row in cells]


def test_it_writes_each_order_with_its_columns(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW, customer_name=f"Export {unique()}", reference=f"R{unique()}")
    (row,) = rows(desk, q=order.customer_name, status__exact="in_review")
    assert list(row) == [f"{name} (UTC)" if name in ("placed", "until") else name for name in COLUMNS]
    assert row["number"] == order.code
    assert row["reference"] == order.reference
    assert (row["total"], row["currency"], row["waits for"]) == ("99.99", "USD", "review")
    assert rows(desk, q=order.customer_name, status__exact="paid") == []


@pytest.mark.parametrize("cell", HOSTILE)
def test_a_spreadsheet_reads_no_formula_number_or_date_out_of_text(cell: str) -> None:
    assert text_cell(cell) == HOSTILE[cell]


@pytest.mark.parametrize("cell", HARMLESS)
def test_a_spreadsheet_gets_other_text_as_it_is(cell: str) -> None:
    assert text_cell(cell) == cell


def test_a_file_for_a_spreadsheet_marks_hostile_text_in_every_column(desk: Desk) -> None:
    order = an_order(reference=f"00{unique().replace('x', '')}", customer_name="x;=1+1;y")
    Order.objects.filter(pk=order.pk).update(needs_attention=True, attention_reason="＝1")
    (row,) = rows(desk, q=order.code)
    assert row["reference"] == f"'{order.reference}"
    assert (row["customer"], row["needs attention"]) == ("x;'=1+1;y", "'＝1")


def test_a_file_for_a_program_alters_nothing(desk: Desk) -> None:
    orders = [an_order(customer_name=f"Machine {cell}") for cell in HOSTILE]
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(reference=None)
    for order, cell in zip(orders, HOSTILE, strict=True):
        Order.objects.filter(pk=order.pk).update(customer_name=cell)
    found = {row["number"]: row for row in rows(desk, **{"for": "machine"})}
    assert [found[order.code]["customer"] for order in orders] == list(HOSTILE)
    assert list(found[orders[0].code]) == list(COLUMNS)


def test_a_spreadsheet_gets_a_byte_order_mark_and_a_program_gets_lines_of_rfc_4180(desk: Desk) -> None:
    order = an_order(customer_name='M\xfcller, "Ann"')
    spreadsheet, _ = table(desk, q=order.code)
    program, _ = table(desk, q=order.code, **{"for": "machine"})
    assert spreadsheet.count(BOM) == 1
    assert spreadsheet.startswith(BOM)
    assert program.startswith("number,reference,")
    assert program.endswith("\r\n")
    assert program.count("\r\n") == 2
    assert '"M\xfcller, ""Ann"""' in program


def test_a_spreadsheet_gets_the_time_that_the_filter_means_and_a_program_utc(desk: Desk) -> None:
    order = an_order()
    Order.objects.filter(pk=order.pk).update(
        created_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC), deadline=datetime(2026, 12, 1, 23, 30, tzinfo=UTC)
    )
    with timezone.override("Europe/Berlin"), override_settings(TIME_ZONE="Europe/Berlin"):
        (row,) = rows(desk, q=order.code, placed_from="2026-07-02", placed_to="2026-07-02")
        (plain,) = rows(desk, q=order.code, **{"for": "machine"})
    assert row["placed (Europe/Berlin)"] == "2026-07-02 00:30:00"
    assert row["until (Europe/Berlin)"] == "2026-12-02 00:30:00"
    assert (plain["placed"], plain["until"]) == ("2026-07-01T22:30:00+00:00", "2026-12-01T23:30:00+00:00")


def test_a_purpose_that_there_is_not_leads_back_to_the_list(desk: Desk) -> None:
    answer = desk.client.get(EXPORT, {"for": "nobody"})
    assert (answer.status_code, answer.headers["location"]) == (302, reverse("admin:orders_order_changelist"))


def test_it_reads_many_orders_with_one_cursor_of_the_servers(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"Many {unique()}"
    for _ in range(3):
        an_order(customer_name=name)
    named: list[bool] = []
    create = connection.create_cursor

    def creating(name: str | None = None) -> Any:
        cursor = create(name)
        if name:
            named.append(cursor.withhold)
        return cursor

    monkeypatch.setattr(connection, "create_cursor", creating)
    assert len(rows(desk, q=name)) == 3
    assert named == [False]  # within a transaction: the server keeps no copy of the rows


def test_it_is_not_for_who_may_only_look(viewer: Desk) -> None:
    assert viewer.client.get(EXPORT).status_code == 403
    assert EXPORT not in viewer.get(reverse("admin:orders_order_changelist"))


def test_it_takes_the_filters_of_the_page_along(desk: Desk) -> None:
    page = desk.get(reverse("admin:orders_order_changelist"), status__exact="paid")
    assert f'href="{EXPORT}?status__exact=paid">Export for a spreadsheet' in page
    assert f'href="{EXPORT}?status__exact=paid&amp;for=machine"' in page
    assert f'href="{EXPORT}?&amp;for=machine"' in desk.get(reverse("admin:orders_order_changelist"))


def test_it_has_every_order_beyond_what_the_list_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.admin.lists.MAX_COUNTED", 1)
    moment = an_order().created_at
    same = [an_order() for _ in range(3)]
    Order.objects.filter(pk__in=[order.pk for order in same]).update(created_at=moment - timedelta(days=9000))
    codes = {row["number"] for row in rows(desk, placed_to="2005-01-01")}
    assert {order.code for order in same} <= codes


def test_its_log_says_that_there_was_a_search_and_not_for_what(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="orders.admin.orders.export"):
        rows(desk, q="jane@example.com", status__exact="paid")
    assert caplog.messages == [f"Staff member {desk.user.pk} exports orders, filtered by: q, status__exact"]


def test_a_person_has_one_export_at_a_time_until_it_ends_or_its_reader_goes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_exports", Slots(2, for_one_client=1))
    first = desk.client.get(EXPORT)
    busy = desk.client.get(EXPORT)
    assert (first.status_code, busy.status_code, busy["Retry-After"]) == (200, 503, "10")
    first.close()
    ended = desk.client.get(EXPORT)
    assert ended.getvalue().count(b"\n") >= 1
    ended.close()
    desk.client.head(EXPORT).close()
    assert desk.client.get(EXPORT).status_code == 200
