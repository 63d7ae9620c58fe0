"""Payment discrepancies as finance staff see them: the list, what each means, and marking one as resolved."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.admin.payments.discrepancy_text import EXPLANATIONS
from orders.errors import AlreadyResolved, DiscrepancyNotFound, NoteRefused
from orders.ids import uuid7
from orders.lifecycle import EventType, Status
from orders.models import PaymentDiscrepancy
from orders.selectors.discrepancies import discrepancies_found
from orders.services.payments.discrepancies import MAX_NOTE, resolve_discrepancy
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order
from tests.admin.conftest import Desk, a_user
from tests.admin.test_dashboard import pile
from tests.conftest import unique
from tests.factories import a_discrepancy, an_order_in

LIST = reverse("admin:orders_paymentdiscrepancy_changelist")
INDEX = reverse("admin:index")
Kind = PaymentDiscrepancy.Kind


def page_of(row: PaymentDiscrepancy, action: str = "change") -> str:
    return reverse(f"admin:orders_paymentdiscrepancy_{action}", args=[row.pk])


def order_page(row: PaymentDiscrepancy) -> str:
    return reverse("admin:orders_order_change", args=[row.order_id])


def resolved(**fields: Any) -> PaymentDiscrepancy:
    return resolve_discrepancy(a_discrepancy(**fields).pk, note="Refunded at the gateway.", person=a_user())


def test_it_lists_open_ones_with_both_amounts_and_on_request_the_others(desk: Desk) -> None:
    row, done, repaired = a_discrepancy(), resolved(), a_discrepancy(state="repaired")
    page = desk.get(LIST)
    assert row.order is not None
    for text in (
        "Capture missing at the gateway",
        row.order.code,
        f"simulated {row.reference}",
        "99.99 USD",
        "0.00 USD",
    ):
        assert text in page
    assert done.reference not in page
    assert repaired.reference not in page
    assert done.reference in desk.get(LIST, state="resolved")
    assert repaired.reference in desk.get(LIST, state="repaired")
    everything = desk.get(LIST, state="all")
    assert all(it.reference in everything for it in (row, done, repaired))


def test_it_lists_the_newest_first(desk: Desk) -> None:
    later = timezone.now() + timedelta(hours=1)
    rows = [a_discrepancy(order=None, found_at=later + timedelta(minutes=number)) for number in range(3)]
    page = desk.get(LIST)
    assert sorted(rows, key=lambda row: page.index(f"simulated {row.reference}")) == rows[::-1]


def test_it_says_who_resolved_one_when_and_how(desk: Desk) -> None:
    row = resolved()
    page = desk.get(LIST, state="resolved", q=row.reference)
    assert re.search(r"Resolved by Ann Operator, \d{4}-\d\d-\d\d \d\d:\d\d UTC<br>“Refunded at the gateway.”", page)


@pytest.mark.parametrize("state", ["open", "repaired", "resolved"])
def test_it_finds_those_of_an_order_or_a_reference_in_any_state(desk: Desk, state: str) -> None:
    row, other = resolved() if state == "resolved" else a_discrepancy(state=state), a_discrepancy()
    assert row.order is not None
    for text in (row.order.code.lower(), row.reference):
        page = desk.get(LIST, q=text)
        assert row.reference in page
        assert other.reference not in page


def test_a_search_without_an_order_does_not_find_those_without_an_order(desk: Desk) -> None:
    row = a_discrepancy(order=None)
    assert row.reference not in desk.get(LIST, q="ABC-DEF-GHJ")


def test_a_search_reads_indexes_alone() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        row = a_discrepancy()
        assert row.order is not None
        for text in (row.order.code, row.reference):
            found = discrepancies_found(PaymentDiscrepancy.objects.order_by("-found_at"), text)
            plan = found.explain()
            assert "payment_discrepancies_once" in plan, plan
            assert "Filter" not in plan, plan
        cursor.execute("SELECT pg_get_indexdef('payment_discrepancies_once'::regclass)")
        assert "(reference, " in cursor.fetchone()[0]


def test_its_queries_do_not_grow_with_the_rows(desk: Desk) -> None:
    counts = []
    for _ in range(2):
        resolved()
        a_discrepancy()
        with CaptureQueriesContext(connection) as queries:
            desk.get(LIST, state="all")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_it_sorts_by_no_column(desk: Desk) -> None:
    a_discrepancy()
    assert "sortable" not in desk.get(LIST)


@pytest.mark.parametrize("kind", Kind)
def test_it_says_of_every_kind_what_differs_and_what_to_do(desk: Desk, kind: Kind) -> None:
    page = desk.get(page_of(a_discrepancy(order=None, kind=kind, expected=1000, found=250)))
    assert EXPLANATIONS[kind].remedy.replace("'", "&#x27;") in page
    assert EXPLANATIONS[kind].meaning.replace("'", "&#x27;") in page
    assert "{" not in re.search(r'class="ol-lead">([^<]*)', page)[1]  # type: ignore[index] # the page has one


def test_a_person_marks_one_as_resolved_and_says_what_was_done(desk: Desk) -> None:
    row = a_discrepancy()
    assert page_of(row) in desk.get(LIST)
    before: dict[str, Any] = dict(PaymentDiscrepancy.objects.filter(pk=row.pk).values().get())
    page = desk.post(page_of(row, "resolve"), {"note": "  Paid by bank transfer. "})
    assert "“Capture missing at the gateway” was marked as resolved." in page
    assert row.reference not in page
    after: dict[str, Any] = dict(PaymentDiscrepancy.objects.filter(pk=row.pk).values().get())
    changed = {name: value for name, value in after.items() if value != before[name]}
    assert timezone.now() - changed.pop("resolved_at") < timedelta(minutes=1)
    assert changed == {"state": "resolved", "resolved_by_id": desk.user.pk, "note": "Paid by bank transfer."}
    assert "Paid by bank transfer." in desk.get(page_of(row))


@pytest.mark.parametrize(
    ("note", "fault"),
    [
        (" ", "This field is required."),
        ("x" * (MAX_NOTE + 1), "Ensure this value has at most 500 characters (it has 501)."),
        ("4111 1111 1111 1111", "This must not contain a card number."),
    ],
)
def test_a_note_at_fault_resolves_nothing_and_is_shown_again(desk: Desk, note: str, fault: str) -> None:
    row = a_discrepancy()
    page = desk.post(page_of(row, "resolve"), {"note": note})
    assert fault in page
    assert f"{note.strip()}</textarea>" in page
    row.refresh_from_db()
    assert row.state == "open"


def test_the_second_person_is_told_who_resolved_it(desk: Desk, other: Desk) -> None:
    row = a_discrepancy()
    desk.post(page_of(row, "resolve"), {"note": "Mine."})
    for note in ("Not yours.", ""):
        page = other.post(page_of(row, "resolve"), {"note": note})
        assert re.search(r"Ann Operator already resolved this at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.", page)
        assert "“Mine.”" in page
        assert "Mark as resolved" not in page
    assert PaymentDiscrepancy.objects.get(pk=row.pk).resolved_by == desk.user


def test_one_of_many_who_resolve_it_at_once_does() -> None:
    row, said = a_discrepancy(), []
    people = [a_user() for _ in range(4)]

    def say(person: User) -> None:
        try:
            said.append(resolve_discrepancy(row.pk, note="Mine.", person=person).state)
        except AlreadyResolved as late:
            said.append(late.code)
        connection.close()

    threads = [threading.Thread(target=say, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["already_resolved"] * 3 + ["resolved"]


def test_what_the_reconciliation_repaired_cannot_be_resolved(desk: Desk) -> None:
    row = a_discrepancy(state="repaired")
    assert "Mark as resolved" not in desk.get(page_of(row))
    assert "The reconciliation has already repaired this." in desk.post(page_of(row, "resolve"), {"note": "Mine."})


@pytest.mark.parametrize("note", ["", " \n ", "x" * (MAX_NOTE + 1)])
def test_the_service_takes_no_note_that_says_nothing_or_too_much(note: str) -> None:
    with pytest.raises(NoteRefused):
        resolve_discrepancy(a_discrepancy().pk, note=note, person=a_user())


def test_the_service_says_that_there_is_none_of_this_id() -> None:
    with pytest.raises(DiscrepancyNotFound):
        resolve_discrepancy(uuid7(), note="Mine.", person=a_user())


def test_the_database_holds_none_that_nobody_resolved() -> None:
    row = a_discrepancy()
    with pytest.raises(IntegrityError, match="payment_discrepancies_resolved_by_somebody"), transaction.atomic():
        PaymentDiscrepancy.objects.filter(pk=row.pk).update(state="resolved", resolved_at=timezone.now())


def test_the_address_of_the_form_leads_to_the_page(desk: Desk) -> None:
    row = a_discrepancy()
    assert desk.client.get(page_of(row, "resolve")).headers["Location"] == page_of(row)


@pytest.mark.parametrize("action", ["change", "resolve"])
def test_there_is_no_page_of_one_that_does_not_exist(desk: Desk, action: str) -> None:
    path = reverse(f"admin:orders_paymentdiscrepancy_{action}", args=[uuid7()])
    assert desk.client.post(path, {"note": "Mine."}).status_code == (405 if action == "change" else 404)
    assert desk.client.get(path, follow=True).status_code == 404


def test_who_may_only_look_is_not_offered_the_form() -> None:
    clerk, row = Desk(a_user("view_order", "view_paymentdiscrepancy")), a_discrepancy()
    assert ">Resolve<" not in clerk.get(LIST)
    assert page_of(row, "resolve") not in clerk.get(page_of(row))
    assert clerk.client.post(page_of(row, "resolve"), {"note": "Mine."}).status_code == 403


def test_the_dashboard_counts_open_ones_for_those_who_may_see_them(desk: Desk, viewer: Desk) -> None:
    a_discrepancy(found_at=timezone.now() - timedelta(days=4000, hours=1))
    page = desk.get(INDEX)
    count = PaymentDiscrepancy.objects.filter(state="open").count()
    assert pile(page, "Payment discrepancies") == (count, LIST)
    assert "oldest 4000 d" in page
    assert LIST not in viewer.get(INDEX)


def test_the_orders_page_says_what_differs_and_leads_there(desk: Desk, viewer: Desk) -> None:
    row = a_discrepancy()
    assert page_of(row) in desk.get(order_page(row))
    page = viewer.get(order_page(row))
    assert "Nothing is pending" not in page
    assert "Capture missing at the gateway: 99.99 USD here, 0.00 USD at the gateway." in page
    assert page_of(row) not in page
    resolve_discrepancy(row.pk, note="Done.", person=desk.user)
    assert page_of(row) not in desk.get(order_page(row))


def test_the_orders_page_reads_them_with_the_statement_that_reads_the_order(desk: Desk) -> None:
    row = a_discrepancy()
    with CaptureQueriesContext(connection) as queries:
        desk.get(order_page(row))
    (statement,) = (query["sql"] for query in queries if '"payment_discrepancies"' in query["sql"])
    assert 'FROM "orders"' in statement


def test_an_open_page_of_the_order_is_told_that_one_was_resolved(desk: Desk) -> None:
    row = a_discrepancy(order=an_order_in(Status.IN_REVIEW))
    live = reverse("admin:orders_order_live", args=[row.order_id])
    (have,) = re.findall(r"have=([0-9a-f]{16})", desk.get(order_page(row)))
    resolve_discrepancy(row.pk, note="Done.", person=desk.user)
    assert "ol-part-money" in desk.get(live, have=have)


def test_the_timeline_has_a_discrepancy_in_words(desk: Desk) -> None:
    order = an_order_in(Status.DELIVERED)
    data: dict[str, Any] = {
        "kind": "amount_differs",
        "expected": 9999,
        "found": 5000,
        "currency": "USD",
        "reference": "",
    }
    with locked_order(order.pk) as locked:
        record(locked, EventType.PAYMENT_DISCREPANCY, actor="gateway", key=unique(), data=data)
    page = desk.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert "Captured amount differs: 99.99 USD here, 50.00 USD at the gateway" in page
    assert "its workflow was" not in page
