import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import ApiClient, ApiKey, IdempotencyKey, Order, WebhookEvent
from orders.services.commands import incoming_webhooks
from orders.services.staff.api_keys import SCOPES, create_api_key
from orders.services.upkeep import upkeep
from tests.api.conftest import ORDER, Shop
from tests.conftest import unique
from tests.factories import an_order_in


def test_a_key_is_forgotten_after_thirty_days_and_not_before(shop: Shop) -> None:
    old, new = unique(), unique()
    for key, days in ((old, 31), (new, 29)):
        shop.post("/orders", ORDER, idempotency_key=key)
        IdempotencyKey.objects.filter(key=key).update(created_at=timezone.now() - timedelta(days=days))
    upkeep()
    assert [row.key for row in IdempotencyKey.objects.filter(key__in=(old, new))] == [new]


def test_a_webhook_whose_receipt_was_cut_short_becomes_a_command_all_the_same() -> None:
    order = an_order_in(Status.SHIPPED)
    row = WebhookEvent.objects.create(
        source="carriers/parcelpost",
        event_id=unique(),
        type="parcel.delivered",
        body={"subject": order.shipments.get().tracking_number},
        received_at=timezone.now() - timedelta(minutes=2),
    )
    upkeep()
    row.refresh_from_db()
    assert row.command is not None
    assert (row.command.order_id, row.command.kind) == (order.pk, "deliver")


def test_two_keys_of_a_client_live_at_once_and_one_can_be_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    name = f"shop {unique()}"
    old, new = create_api_key(name), create_api_key(name)
    call_command("create_api_key", name, "--revoke-key", old[:10])
    call_command("create_api_key", name, "--list")
    said = capsys.readouterr().out
    assert [Shop(key).get("/orders").status_code for key in (old, new)] == [401, 200]
    assert said.count("active") == 1
    assert old[10:] not in said
    assert ApiKey.objects.filter(client__name=name).count() == 2


def test_a_key_that_is_not_there_cannot_be_revoked() -> None:
    with pytest.raises(CommandError, match="no active key"):
        call_command("create_api_key", f"shop {unique()}", "--revoke-key", "ol_nothing")


def made(capsys: pytest.CaptureFixture[str], name: str, *options: str) -> tuple[Shop, str]:
    """A shop with the key that the command printed, and what it said beside it."""
    call_command("create_api_key", name, *options)
    said = capsys.readouterr()
    assert said.out.startswith("ol_")
    assert said.out.count("\n") == 1
    assert said.out.strip() not in said.err
    return Shop(said.out.strip()), said.err


def test_a_new_key_comes_with_what_it_may_do_and_how_it_may_do_more(capsys: pytest.CaptureFixture[str]) -> None:
    name = f"shop {unique()}"
    _, said = made(capsys, name)
    assert f"Scopes of {name}: orders:read, orders:write." in said
    assert "Not granted: payments:write, refunds:write, fulfilment, webhooks. Add scopes with --scope" in said
    _, said = made(capsys, f"shop {unique()}", *(f"--scope={scope}" for scope in SCOPES))
    assert "Not granted" not in said


def test_a_scope_for_a_client_that_exists_is_given_to_all_its_keys(capsys: pytest.CaptureFixture[str]) -> None:
    name = f"shop {unique()}"
    older, _ = made(capsys, name)
    assert older.get("/webhook-endpoints").status_code == 403
    newer, said = made(capsys, name, "--scope", "webhooks")
    assert f"Scopes of {name}: orders:read, orders:write, webhooks." in said
    assert "Its older keys get the same scopes (before: orders:read, orders:write)." in said
    assert [shop.get("/webhook-endpoints").status_code for shop in (older, newer)] == [200, 200]


def test_a_new_key_takes_no_scope_away(capsys: pytest.CaptureFixture[str]) -> None:
    name = f"shop {unique()}"
    made(capsys, name, "--scope", "fulfilment")
    _, said = made(capsys, name)
    assert f"Scopes of {name}: fulfilment." in said
    assert "before" not in said


@pytest.mark.parametrize("instead", ["--list", "--revoke-key=ol_"])
def test_a_scope_without_a_new_key_is_refused(instead: str) -> None:
    with pytest.raises(CommandError, match="--scope cannot be combined"):
        call_command("create_api_key", f"shop {unique()}", instead, "--scope=webhooks")


def test_a_key_for_a_client_that_is_switched_off_says_that_it_does_not_work(capsys: pytest.CaptureFixture[str]) -> None:
    client = ApiClient.objects.create(name=f"shop {unique()}", is_active=False)
    _, said = made(capsys, client.name)
    assert "The client is inactive" in said


def test_a_webhook_whose_order_is_locked_keeps_no_other_waiting() -> None:
    first, second = (_stored(an_order_in(Status.SHIPPED)) for _ in range(2))
    with held_by_another_session(first.body["subject"]):
        incoming_webhooks.process_stored()
    second.refresh_from_db()
    assert second.outcome == "accepted as a command"
    incoming_webhooks.process_stored()
    first.refresh_from_db()
    assert first.outcome == "accepted as a command"


def _stored(order: Order) -> WebhookEvent:
    parcel, long_ago = order.shipments.get(), timezone.now() - timedelta(minutes=5)
    return WebhookEvent.objects.create(
        source=f"carriers/{parcel.carrier}",
        event_id=unique(),
        type="parcel.delivered",
        body={"subject": parcel.tracking_number},
        received_at=long_ago,
    )


@contextmanager
def held_by_another_session(tracking_number: str) -> Iterator[None]:
    """Somebody holds the order's row, and this session does not wait for it."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as holder, connection.cursor() as cursor:
        held = "SELECT 1 FROM orders WHERE id = (SELECT order_id FROM shipments WHERE tracking_number = %s) FOR UPDATE"
        holder.execute(held, [tracking_number])
        cursor.execute("SET lock_timeout = '50ms'")
        try:
            yield
        finally:
            cursor.execute("RESET lock_timeout")
            holder.rollback()
