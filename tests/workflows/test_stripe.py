"""An order paid with Stripe, end to end: over the API, with real workers, and with webhooks however they come."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import WebhookEvent
from tests.conftest import both_workers, eventually, unique, web_server
from tests.doubles.stripe import Mode, StripeDouble
from tests.factories import an_order, reaches, request_command, settled
from tests.orders.gateway_worlds import booked, paying_with_stripe
from tests.plugin import database_of_its_own

SECRET = "whsec_0a1B2c3D4e5F6g7H8i9"


@pytest.fixture(scope="module")
def double() -> Iterator[StripeDouble]:
    with StripeDouble(webhook_secret=SECRET) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def shop(double: StripeDouble, temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Workers and a web server that are configured for Stripe, as this process is."""
    times = {"MANUAL_REVIEW_TIMEOUT": "0", "PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0"}
    with paying_with_stripe(double) as stripe, database_of_its_own(f"stripe{unique()}"):
        directory = tmp_path_factory.mktemp("stripe")
        with (
            both_workers(directory, TEMPORAL_ADDRESS=temporal, RECONCILE_INTERVAL="1", **stripe, **times),
            web_server(directory, WEBHOOK_SECRETS=f"payments/stripe={SECRET}", **stripe) as web,
        ):
            double.webhooks.url = f"{web}/webhooks/payments/stripe"
            yield


@pytest.fixture(params=list(Mode))
def mode(request: pytest.FixtureRequest, double: StripeDouble) -> Iterator[str]:
    """How webhooks come."""
    double.webhooks.mode = request.param
    yield request.param
    double.webhooks.release()
    double.webhooks.mode = Mode.PASS


@pytest.mark.usefixtures("mode")
def test_an_order_is_paid_and_delivered_however_the_webhooks_come(double: StripeDouble) -> None:
    order = reaches(an_order(payment_method="pm_card_visa"), Status.DELIVERED)
    double.webhooks.release()
    assert booked(double, order) == [("capture", order.total)]
    assert order.payments.get().gateway_reference in {intent["id"] for intent in double.intents()}


def test_a_webhook_may_come_before_the_answer(double: StripeDouble) -> None:
    double.webhooks.before_answers = True
    order = reaches(an_order(payment_method="pm_card_visa"), Status.DELIVERED)
    double.webhooks.before_answers = False
    assert booked(double, order) == [("capture", order.total)]
    woken = WebhookEvent.objects.filter(command__order=order, type="payment_intent.succeeded")
    assert woken.count() == 1


def test_a_webhook_ends_the_wait_for_an_outcome_that_was_lost(double: StripeDouble) -> None:
    double.webhooks.mode = Mode.DELAY
    double.faults.lose_answer("/confirm")
    double.faults.fail("GET /v1/payment_intents", status=503, times=3)
    order = an_order(payment_method="pm_card_visa")
    eventually(lambda: booked(double, order) == [("capture", order.total)])
    double.webhooks.release()
    double.webhooks.mode = Mode.PASS
    reaches(order, Status.DELIVERED)
    assert booked(double, order) == [("capture", order.total)]


def test_a_declined_order_is_paid_with_another_card_and_refunded_when_it_is_cancelled(double: StripeDouble) -> None:
    order = an_order(payment_method="pm_card_chargeDeclinedInsufficientFunds", fulfilment="manual")
    reaches(order, Status.AWAITING_PAYMENT)
    assert order.payments.get().decline_reason == "The card has insufficient funds."
    request_command(order, "retry_payment", args={"payment_method": "pm_card_visa"})
    reaches(order, Status.PAID)
    assert settled(request_command(order, "cancel")).state == "applied"
    reaches(order, Status.CANCELLED)
    assert booked(double, order) == [("capture", order.total), ("refund", order.total)]


def test_a_refund_made_in_the_dashboard_reaches_the_order(double: StripeDouble) -> None:
    order = reaches(an_order(payment_method="pm_card_visa"), Status.DELIVERED)
    reference = order.payments.get().gateway_reference
    order.payments.update(updated_at=timezone.now() - timedelta(hours=1))
    double.refund_elsewhere(reference, 100)
    told = WebhookEvent.objects.filter(type="charge.refunded", body__subject=reference)
    eventually(told.exists)
    told.update(received_at=timezone.now() - timedelta(minutes=2))
    eventually(lambda: order.payments.get().refunded == 100)
