"""Orders whose payments are captured on shipment, with Stripe, real workers, and customers who pay by themselves."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from orders.lifecycle import Status, Waiting
from orders.models import CheckoutPayment, Order
from orders.services.payments.checkouts import open_checkout
from tests.conftest import both_workers, eventually, unique, web_server
from tests.doubles.shop import client_of, visit
from tests.doubles.stripe import Mode, StripeDouble
from tests.factories import an_order, reaches, request_command, settled
from tests.orders.gateway_worlds import paying_with_stripe
from tests.plugin import database_of_its_own

SECRET = "whsec_0a1B2c3D4e5F6g7H8i9"
BACK = {"return_url": "http://127.0.0.1/paid", "cancel_url": "http://127.0.0.1/"}


@pytest.fixture(scope="module")
def double() -> Iterator[StripeDouble]:
    with StripeDouble(webhook_secret=SECRET) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def shop(double: StripeDouble, temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    times = {"MANUAL_REVIEW_TIMEOUT": "0", "PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0"}
    capture = {"PAYMENT_CAPTURE": "on_shipment", "RECONCILE_INTERVAL": "0"}
    with (
        paying_with_stripe(double) as stripe,
        database_of_its_own(f"onshipment{unique()}"),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(settings, "PAYMENT_CAPTURE", "on_shipment")
        directory = tmp_path_factory.mktemp("onshipment")
        with (
            both_workers(directory, TEMPORAL_ADDRESS=temporal, **stripe, **times, **capture),
            web_server(directory, WEBHOOK_SECRETS=f"payments/stripe={SECRET}", **stripe, **capture) as web,
        ):
            double.webhooks.url = f"{web}/webhooks/payments/stripe"
            yield


def books(double: StripeDouble, order: Order) -> list[str]:
    mine = [entry for entry in double.books() if entry["metadata"].get("order_id") == str(order.pk)]
    return [entry["kind"] for entry in mine]


def waits_for(order: Order, waiting: Waiting) -> Order:
    def there() -> bool:
        order.refresh_from_db()
        return order.waiting_for == waiting

    eventually(there, lambda: f"{order.status}, waiting for {order.waiting_for}, not {waiting}")
    return order


def does(order: Order, *kinds: str) -> None:
    for kind in kinds:
        row = settled(request_command(order, kind))
        assert row.state == "applied", row.outcome


def test_an_order_is_authorised_then_captured_before_it_leaves(double: StripeDouble) -> None:
    order = reaches(an_order(payment_method="pm_card_visa"), Status.DELIVERED)
    assert books(double, order) == ["authorisation", "capture"]
    told = [event.type for event in order.events.order_by("seq")]
    assert told.index("payment_authorised") < told.index("payment_captured") < told.index("order_shipped")


def test_an_order_that_is_cancelled_when_packed_is_never_captured(double: StripeDouble) -> None:
    order = reaches(an_order(payment_method="pm_card_visa", fulfilment="manual"), Status.PAID)
    does(order, "pick", "cancel")
    reaches(order, Status.CANCELLED)
    assert books(double, order) == ["authorisation", "void"]


def test_a_capture_whose_answer_is_lost_is_made_once(double: StripeDouble) -> None:
    double.faults.lose_answer("/capture")
    order = reaches(an_order(payment_method="pm_card_visa"), Status.DELIVERED)
    assert books(double, order) == ["authorisation", "capture"]


def test_goods_wait_for_a_new_payment_when_the_authorisation_is_gone(double: StripeDouble) -> None:
    order = reaches(an_order(payment_method="pm_card_visa", fulfilment="manual"), Status.PAID)
    client_of(double).v1.payment_intents.cancel(order.payments.get().gateway_reference)
    does(order, "pick", "pack")
    waits_for(order, Waiting.NEW_PAYMENT)
    assert settled(request_command(order, "ship")).state == "rejected"
    visit(open_checkout(order.pk, **BACK).url, payment_method="pm_card_visa")
    waits_for(order, Waiting.HANDOVER)
    does(order, "ship", "deliver")
    reaches(order, Status.DELIVERED)
    assert books(double, order) == ["authorisation", "void", "authorisation", "capture"]


@pytest.mark.parametrize("mode", [Mode.PASS, Mode.DELAY])
def test_who_pays_on_the_page_is_charged_whether_a_webhook_comes_or_not(double: StripeDouble, mode: Mode) -> None:
    double.webhooks.mode = mode
    order = reaches(an_order(payment_method="checkout", fulfilment="manual"), Status.AWAITING_PAYMENT)
    row = open_checkout(order.pk, **BACK)
    visit(row.url, payment_method="pm_card_visa")
    if mode is Mode.DELAY:  # then the gateway is asked when it is due
        CheckoutPayment.objects.filter(pk=row.pk).update(check_at=row.created_at)
    reaches(order, Status.PAID)
    double.webhooks.release()
    double.webhooks.mode = Mode.PASS
    assert books(double, order) == ["authorisation"]


def test_what_is_paid_after_the_cancellation_goes_back(double: StripeDouble) -> None:
    order = reaches(an_order(payment_method="checkout"), Status.AWAITING_PAYMENT)
    row = open_checkout(order.pk, **BACK)
    does(order, "cancel")
    visit(row.url, payment_method="pm_card_visa")

    def is_over() -> bool:
        row.refresh_from_db()
        return row.state in (CheckoutPayment.State.RETURNED, CheckoutPayment.State.CLOSED)

    eventually(is_over, lambda: row.state)
    assert books(double, order) in ([], ["authorisation", "void"])
    reaches(order, Status.CANCELLED)
