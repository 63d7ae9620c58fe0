"""The state machine's table, the page and the trigger made from it, and what the database refuses by itself."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from orders.lifecycle import CANCELLABLE, FINAL, RETURN_TRANSITIONS, TRANSITIONS, WAITS_FOR, EventType, Status, Waiting
from orders.lifecycle_doc import document, edges
from orders.models import Event, Order, Refund
from stack.state import ROOT
from tests.factories import an_order, an_order_in, command

ROLES = ["origin", "replica"]


@contextmanager
def refused(words: str, role: str = "origin") -> Iterator[None]:
    """What happens within is refused by the database, in a session of this replication role."""
    with pytest.raises(IntegrityError, match=words), session(role):
        yield


@contextmanager
def session(role: str) -> Iterator[None]:
    with transaction.atomic():
        run("SELECT set_config('session_replication_role', %s, true)", role)
        yield


def run(sql: str, *values: str | UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def pairs_of_the_trigger(function: str = "orderlife_order_status") -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [function])
        (source,) = cursor.fetchone() or ("",)
    return set(re.findall(r"\('(\w+)', '(\w+)'\)", source))


def test_the_page_agrees_with_the_tables() -> None:
    assert (ROOT / "docs" / "lifecycle.md").read_text() == document()


def test_the_page_has_every_transition_in_its_diagram() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+): (\w+)$", document(), re.MULTILINE))
    returns = {(stage.value, to.value, event.value) for (stage, event), to in RETURN_TRANSITIONS.items()}
    assert drawn == {(status.value, to.value, event.value) for status, event, to in edges()} | returns


def test_the_database_and_the_code_agree_on_where_a_return_may_go() -> None:
    pairs = pairs_of_the_trigger("orderlife_return_state")
    assert pairs == {(stage.value, to.value) for (stage, _), to in RETURN_TRANSITIONS.items()}


def test_the_command_writes_the_page_and_tells_when_it_is_old(settings: Settings, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    page = tmp_path / "docs" / "lifecycle.md"
    page.parent.mkdir()
    with pytest.raises(CommandError, match="differs"):
        call_command("lifecycle_doc", "--check")
    call_command("lifecycle_doc", "--write")
    call_command("lifecycle_doc", "--check")
    page.write_text(page.read_text() + "\n")
    with pytest.raises(CommandError, match="differs"):
        call_command("lifecycle_doc", "--check")


def test_the_command_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("lifecycle_doc")
    assert capsys.readouterr().out == document()


def test_every_status_that_is_not_final_has_a_way_out_and_a_reason_to_wait() -> None:
    assert {status for status, _, _ in edges()} == set(Status) - FINAL
    assert set(WAITS_FOR) == set(Status) - FINAL
    assert Waiting.NOTHING not in WAITS_FOR.values()


def test_every_status_can_be_reached() -> None:
    assert {to for _, _, to in edges()} == set(Status) - {Status.RECEIVED}


def test_only_a_cancellation_leads_to_cancelling() -> None:
    into = {(status, event) for (status, event), targets in TRANSITIONS.items() if Status.CANCELLING in targets}
    assert into == {(status, EventType.CANCELLATION_ACCEPTED) for status in CANCELLABLE}


def test_the_trigger_knows_the_transitions_of_the_table_and_no_others() -> None:
    assert pairs_of_the_trigger() == {(status.value, to.value) for status, _, to in edges()}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "status", [Status.RECEIVED, Status.PAID, Status.SHIPPED, Status.CANCELLING, Status.DELIVERED, Status.CANCELLED]
)
def test_the_database_refuses_a_change_of_status_that_is_not_in_the_table(status: Status, role: str) -> None:
    order = an_order_in(status)
    for to in set(Status) - {status} - {to for known, _, to in edges() if known is status}:
        with refused(f"an order never goes from {status} to {to}", role):
            run("UPDATE orders SET status = %s WHERE id = %s", to, order.pk)


@pytest.mark.parametrize("role", ROLES)
def test_an_order_begins_as_received(role: str) -> None:
    order = an_order()
    fields = {field.attname: getattr(order, field.attname) for field in Order._meta.concrete_fields}
    with refused("an order begins as received, not as paid", role):
        Order.objects.create(**{**fields, "id": None, "code": "AAA-AAA-AAA", "status": Status.PAID})


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "change", ["UPDATE events SET actor = 'x' WHERE order_id = %s", "DELETE FROM events WHERE order_id = %s"]
)
def test_an_event_cannot_be_changed_or_deleted(change: str, role: str) -> None:
    order = an_order()
    with refused("of events is refused: it is a record of what happened", role):
        run(change, order.pk)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", ["events", "orders", "commands"])
def test_no_record_can_be_truncated(table: str, role: str) -> None:
    with refused("TRUNCATE of (events|orders|commands) is refused", role):
        run(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("deletion", ["DELETE FROM orders WHERE id = %s", "DELETE FROM commands WHERE order_id = %s"])
def test_an_order_and_its_commands_cannot_be_deleted(deletion: str, role: str) -> None:
    order = an_order()
    with refused("DELETE of (orders|commands) is refused", role):
        run(deletion, order.pk)


def add_event(order: Order, *, seq: int, prev_hash: str, step: str = "held") -> None:
    Event.objects.create(
        order=order,
        seq=seq,
        type=EventType.ORDER_HELD,
        status=order.status,
        actor="staff:1",
        step_key=step,
        created_at=timezone.now(),
        prev_hash=prev_hash,
        hash="0" * 64,
    )


@pytest.mark.parametrize("role", ROLES)
def test_an_event_that_does_not_follow_the_one_before_is_refused(role: str) -> None:
    order = an_order()
    with refused(f"event 2 of order {order.pk} does not follow", role):
        add_event(order, seq=2, prev_hash="f" * 64)
    with refused(f"event 3 of order {order.pk} does not follow", role):
        add_event(order, seq=3, prev_hash=order.event_hash)
    add_event(order, seq=2, prev_hash=order.event_hash)


def test_a_step_is_recorded_once() -> None:
    order = an_order()
    add_event(order, seq=2, prev_hash=order.event_hash, step="held:1")
    with refused("events_step_once"):
        add_event(order, seq=3, prev_hash="0" * 64, step="held:1")


def add_refund(order: Order, amount: int, key: str) -> None:
    now = timezone.now()
    Refund.objects.create(
        payment=order.payments.get(),
        amount=amount,
        idempotency_key=f"{key}-{order.pk}",
        created_at=now,
        updated_at=now,
    )


@pytest.mark.parametrize("role", ROLES)
def test_refunds_never_exceed_what_was_captured(role: str) -> None:
    order = an_order_in(Status.PAID)
    with refused("would exceed what was captured", role):
        add_refund(order, order.total + 1, "too much")
    add_refund(order, order.total - 100, "most of it")
    with refused("would exceed what was captured", role):
        add_refund(order, 101, "more than is left")
    add_refund(order, 100, "the rest")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE commands SET state = 'pending', settled_at = NULL WHERE id = %s",
        "UPDATE commands SET outcome = 'something else' WHERE id = %s",
        "UPDATE commands SET kind = 'reject' WHERE id = %s",
    ],
)
def test_a_settled_command_cannot_be_changed(change: str, role: str) -> None:
    row = command(an_order_in(Status.IN_REVIEW), "cancel")
    with refused(f"command {row.pk} is settled: applied", role):
        run(change, row.pk)
