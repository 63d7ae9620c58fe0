"""Webhooks of Stripe: signed by its own scheme, stored once, and never believed."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import stripe
from django.conf import settings
from django.test import Client
from django.utils import timezone

from orders.errors import GatewayUnavailable
from orders.lifecycle import Status
from orders.models import Order, Payment, WebhookEvent
from orders.services.commands import incoming_webhooks
from orders.services.payments.charging import charge
from tests.conftest import unique
from tests.doubles.stripe import StripeDouble
from tests.factories import an_order_in
from tests.orders.gateway_worlds import paying_with_stripe

SECRET = "whsec_0a1B2c3D4e5F6g7H8i9"
PATH = "/webhooks/payments/stripe"


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeDouble]:
    monkeypatch.setattr(settings, "WEBHOOK_SECRETS", [f"payments/stripe={SECRET}"])
    with StripeDouble() as running, paying_with_stripe(running):
        yield running


def event(kind: str, concerned: dict[str, Any]) -> str:
    return json.dumps({"id": f"evt_{unique()}", "object": "event", "type": kind, "data": {"object": concerned}})


def intent_of(payment: Payment) -> dict[str, Any]:
    return {"id": payment.gateway_reference, "object": "payment_intent"}


def send(body: str, *, secret: str = SECRET, at: float | None = None, **headers: str) -> Any:
    signature = stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=int(at or time.time()))
    signed = {"Stripe-Signature": signature, **headers}
    return Client().post(PATH, body, content_type="application/json", headers=signed)


def charging(double: StripeDouble) -> Order:
    """An order whose charge was made, and whose outcome we have not heard."""
    order = an_order_in(Status.CHARGING, payment_method="pm_card_visa")
    double.faults.lose_answer("/confirm")
    with pytest.raises(GatewayUnavailable):
        charge(order.pk)
    return order


def test_an_event_of_an_open_payment_becomes_one_command_however_often_it_comes(double: StripeDouble) -> None:
    order = charging(double)
    body = event("payment_intent.succeeded", intent_of(order.payments.get()))
    answers = [send(body) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    assert order.commands.filter(kind="settle_payment", actor="gateway:stripe").count() == 1
    order.refresh_from_db()
    assert order.status == Status.CHARGING  # nothing that the event says is believed


@pytest.mark.usefixtures("double")
def test_an_event_of_a_payment_that_has_its_outcome_disturbs_nobody() -> None:
    order = an_order_in(Status.PAID, payment_method="pm_card_visa")
    answer = send(event("payment_intent.succeeded", intent_of(order.payments.get())))
    assert answer.json()["outcome"] == "ignored: the payment has its outcome"
    assert not order.commands.filter(kind="settle_payment").exists()


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    ("kind", "concerned", "outcome"),
    [
        ("payment_intent.succeeded", {"id": "pi_elsewhere", "object": "payment_intent"}, "there is no such payment"),
        ("customer.created", {"id": "cus_1", "object": "customer"}, "nothing follows from messages of this type"),
        ("payment_intent.succeeded", {"object": "payment_intent"}, "there is no such payment"),
        ("payment_intent.succeeded", {"id": {}, "object": "payment_intent"}, "there is no such payment"),
    ],
)
def test_what_is_not_ours_is_ignored(kind: str, concerned: dict[str, Any], outcome: str) -> None:
    answer = send(event(kind, concerned))
    assert (answer.status_code, answer.json()["outcome"]) == (202, f"ignored: {outcome}")


def test_a_later_change_is_compared_in_the_background(double: StripeDouble) -> None:
    order = an_order_in(Status.DELIVERED, payment_method="pm_card_visa")
    payment = order.payments.get()
    double.refund_elsewhere(payment.gateway_reference, 100)
    asked = len(double.requests)
    answer = send(event("charge.refunded", {"object": "charge", "payment_intent": payment.gateway_reference}))
    assert (answer.status_code, answer.json()["outcome"], len(double.requests)) == (202, "", asked)
    row = WebhookEvent.objects.filter(event_id=answer.json()["event_id"])
    row.update(received_at=timezone.now() - timedelta(minutes=2))
    incoming_webhooks.process_stored()
    assert row.get().outcome == ""  # the payment changed a moment ago
    order.payments.update(updated_at=timezone.now() - timedelta(hours=1))
    double.faults.fail("GET /v1/payment_intents", status=503)
    incoming_webhooks.process_stored()
    assert row.get().outcome == ""
    incoming_webhooks.process_stored()
    payment.refresh_from_db()
    assert (row.get().outcome, payment.refunded) == ("compared with Stripe: 1 differences", 100)


def test_a_message_that_cannot_be_processed_stops_no_other_and_is_given_up_after_a_day(double: StripeDouble) -> None:
    order = an_order_in(Status.DELIVERED, payment_method="pm_card_visa")
    order.payments.update(gateway="stripe", updated_at=timezone.now() - timedelta(hours=1))
    intent = order.payments.get().gateway_reference
    events = [send(event("charge.refunded", {"object": "charge", "payment_intent": intent})) for _ in range(2)]
    rows = [WebhookEvent.objects.filter(event_id=answer.json()["event_id"]) for answer in events]
    for row, age in zip(rows, (timedelta(days=2), timedelta(hours=1)), strict=True):
        row.update(received_at=timezone.now() - age)
    double.faults.fail("GET /v1/payment_intents", status=503)
    incoming_webhooks.process_stored()
    assert [row.get().outcome for row in rows] == [
        "given up: GatewayUnavailable",
        "compared with Stripe: 0 differences",
    ]


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"secret": "whsec_of_somebody_else"}, 401),
        ({"at": time.time() - 400}, 401),
        ({"Stripe-Signature": ""}, 401),
        ({"Stripe-Signature": "t=,v1="}, 401),
        ({"Stripe-Signature": "v1=abc"}, 401),
        ({"Stripe-Signature": "t=1e9,v1=\u00e9"}, 401),
        ({"Stripe-Signature": f"t={int(time.time())},v1=\u00e9"}, 401),
    ],
)
def test_what_is_not_signed_by_stripe_is_refused(changed: dict[str, Any], code: int) -> None:
    answer = send(event("payment_intent.succeeded", {"object": "payment_intent"}), **changed)
    assert (answer.status_code, answer["content-type"]) == (code, "application/problem+json")


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("body", ["[]", "{}", "nonsense", '{"id": "", "type": "x"}', "\u00e9"])
def test_a_signed_body_that_is_no_event_is_refused(body: str) -> None:
    assert send(body).status_code in (400, 422)


def test_without_a_secret_there_is_no_such_address() -> None:
    assert send(event("payment_intent.succeeded", {"object": "payment_intent"})).status_code == 404
