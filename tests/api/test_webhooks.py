"""Carriers and payment gateways, who sign what they send."""

import base64
import json
import time
from typing import Any

import pytest
from django.test import Client

from orders.gateways.signing import sign
from orders.lifecycle import Status
from orders.models import Command, Order, WebhookEvent
from tests.conftest import unique
from tests.factories import an_order_in, settle

OLD, NEW = (f"whsec_{base64.b64encode(text * 8).decode()}" for text in (b"old!", b"new!"))


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.WEBHOOK_SECRETS = [
        f"carriers/parcelpost={OLD}",
        f"carriers/parcelpost={NEW}",
        f"carriers/swiftline={NEW}",
        f"payments/simulated={OLD}",
    ]


def send(path: str, body: object, *, secret: str = OLD, event_id: str = "", seconds: int = 0, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    event_id, sent_at = event_id or unique(), str(int(time.time()) + seconds)
    named = {"webhook-id": event_id, "webhook-timestamp": sent_at}
    named["webhook-signature"] = f"v1,bm9uZQ== {sign(secret, event_id, sent_at, raw)}"
    return Client().generic("POST", path, raw, content_type="application/json", headers={**named, **headers})


def parcel(order: Order, kind: str = "parcel.delivered", **how: Any) -> Any:
    number = order.shipments.get().tracking_number
    return send("/webhooks/carriers/parcelpost", {"type": kind, "data": {"tracking_number": number}, "x": 1}, **how)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_a_carriers_word_becomes_a_command_under_either_of_two_secrets(secret: str) -> None:
    order = an_order_in(Status.SHIPPED)
    answer = parcel(order, secret=secret)
    row = Command.objects.get(pk=answer.json()["command_id"])
    assert (answer.status_code, row.kind, row.actor) == (202, "deliver", "carrier:parcelpost")
    settle(row)
    assert Order.objects.get(pk=order.pk).status == Status.DELIVERED


def test_a_parcel_that_is_lost_fails_its_delivery() -> None:
    order = an_order_in(Status.SHIPPED)
    row = Command.objects.get(pk=parcel(order, "parcel.failed").json()["command_id"])
    settle(row)
    assert (row.kind, Order.objects.get(pk=order.pk).status) == ("fail_delivery", Status.SHIPPING_FAILED)


def test_each_event_counts_once_and_gets_the_same_answer() -> None:
    order, event_id = an_order_in(Status.SHIPPED), unique()
    first, second = (parcel(order, event_id=event_id) for _ in range(2))
    assert first.json() == second.json()
    assert order.commands.filter(kind="deliver").count() == 1
    assert WebhookEvent.objects.filter(event_id=event_id).count() == 1


def test_an_event_whose_receipt_was_cut_short_becomes_one_command_when_it_comes_again() -> None:
    order, event_id = an_order_in(Status.SHIPPED), unique()
    parcel(order, event_id=event_id)
    WebhookEvent.objects.filter(event_id=event_id).update(outcome="", command=None)
    assert parcel(order, event_id=event_id).json()["outcome"] == "accepted as a command"
    assert order.commands.filter(kind="deliver").count() == 1


def test_what_comes_out_of_order_is_tolerated() -> None:
    order = an_order_in(Status.SHIPPED)
    settle(Command.objects.get(pk=parcel(order).json()["command_id"]))
    late = Command.objects.get(pk=parcel(order, "parcel.failed").json()["command_id"])
    assert (late.state, Order.objects.get(pk=order.pk).status) == ("rejected", Status.DELIVERED)


def test_a_carrier_may_speak_of_its_own_parcels_only() -> None:
    order = an_order_in(Status.SHIPPED)
    body = {"type": "parcel.delivered", "data": {"tracking_number": order.shipments.get().tracking_number}}
    answer = send("/webhooks/carriers/swiftline", body, secret=NEW)
    assert (answer.status_code, answer.json()["command_id"]) == (202, None)
    assert "no such parcel" in answer.json()["outcome"]


def test_a_type_that_means_nothing_to_us_is_stored_and_ignored() -> None:
    answer = parcel(an_order_in(Status.SHIPPED), "parcel.weighed")
    assert (answer.status_code, answer.json()["command_id"]) == (202, None)


def test_a_payment_gateway_only_makes_us_ask_it() -> None:
    order = an_order_in(Status.PAID)
    data = {"idempotency_key": order.payments.get().idempotency_key, "state": "declined"}
    answer = send("/webhooks/payments/simulated", {"type": "payment.updated", "data": data})
    row = Command.objects.get(pk=answer.json()["command_id"])
    assert (row.kind, row.state, row.actor) == ("settle_payment", "rejected", "gateway:simulated")
    assert order.payments.get().state == "captured"


@pytest.mark.parametrize(
    "forged",
    [
        {"secret": f"whsec_{base64.b64encode(b'wrong').decode()}"},
        {"seconds": -301},
        {"seconds": 302},
        {"webhook-id": "another"},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": "1" * 12},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,é"},
    ],
    ids=str,
)
def test_what_is_not_signed_now_by_the_sender_is_a_401_and_leaves_nothing(forged: dict[str, Any]) -> None:
    before = WebhookEvent.objects.count()
    answer = parcel(an_order_in(Status.SHIPPED), **forged)
    assert (answer.status_code, answer.json()["type"]) == (401, "/docs/problems#bad_signature")
    assert WebhookEvent.objects.count() == before


def test_a_body_that_was_changed_by_one_byte_does_not_fit_its_signature() -> None:
    event_id, sent_at, raw = unique(), str(int(time.time())), b'{"type": "a", "data": {"tracking_number": "1"}}'
    named = {"webhook-id": event_id, "webhook-timestamp": sent_at}
    named["webhook-signature"] = sign(OLD, event_id, sent_at, raw)
    changed = raw.replace(b'"1"', b'"2"')
    path = "/webhooks/carriers/parcelpost"
    answer = Client().generic("POST", path, changed, content_type="application/json", headers=named)
    assert answer.status_code == 401


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), ({"type": "a"}, 422), ({"type": 1, "data": {}}, 422)])
def test_what_is_signed_but_wrong_is_refused(body: Any, status: int) -> None:
    assert send("/webhooks/carriers/parcelpost", body).status_code == status


@pytest.mark.parametrize("path", ["/webhooks/carriers/nobody", "/webhooks/payments/parcelpost"])
def test_a_sender_that_we_do_not_know_is_a_404(path: str) -> None:
    assert send(path, {"type": "a"}).status_code == 404
