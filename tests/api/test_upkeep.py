from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import ApiKey, IdempotencyKey, WebhookEvent
from orders.services.api_keys import create_api_key
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
    assert said.count("live") == 1
    assert old[10:] not in said
    assert ApiKey.objects.filter(client__name=name).count() == 2


def test_a_key_that_is_not_there_cannot_be_revoked() -> None:
    with pytest.raises(CommandError, match="no live key"):
        call_command("create_api_key", f"shop {unique()}", "--revoke-key", "ol_nothing")
