"""An order of total 0 (a full discount, a sample, a replacement) is never charged, and delivered all the same."""

import pytest
from django.conf import settings

from orders.errors import InvalidOrder
from orders.lifecycle import PaymentStatus, Status, Waiting
from orders.models import Order
from orders.selectors.open_matters import payment_state
from orders.services.orders.cancellation import finish_cancellation
from orders.services.orders.placement import NewItem
from orders.services.payments.refunds import return_payment
from tests.factories import an_order, an_order_in, command, events, kinds

FREE = {"discount": 9999}


def free_order_in(status: Status) -> Order:
    order = an_order_in(status, **FREE)
    assert order.total == 0
    return order


def test_it_goes_from_its_review_to_delivery_without_a_payment() -> None:
    order = free_order_in(Status.DELIVERED)
    assert "charging" not in set(order.events.values_list("status", flat=True))
    assert (order.payments.count(), order.payment_status, kinds("payments", order)) == (0, PaymentStatus.NOTHING, [])
    assert events(order)[:4] == ["order_received", "order_validated", "review_approved", "picking_started"]


def test_a_sample_without_a_price_is_such_an_order() -> None:
    order = an_order(items=[NewItem(sku="SAMPLE", quantity=1, unit_price=0)])
    assert (order.total, order.subtotal) == (0, 0)


def test_a_discount_above_the_rest_is_refused() -> None:
    with pytest.raises(InvalidOrder, match="must not be more than items, shipping and tax add up to"):
        an_order(discount=10_000)


def test_it_needs_no_payment_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "PAYMENT_GATEWAY", "stripe")
    monkeypatch.setattr(settings, "STRIPE_API_KEY", "rk_test_nobody")
    assert free_order_in(Status.PAID).payment_method == ""


def test_cancelled_it_refunds_nothing() -> None:
    order = free_order_in(Status.PAID)
    command(order, "cancel")
    return_payment(order.pk)
    finish_cancellation(order.pk)
    order.refresh_from_db()
    assert (order.status, kinds("payments", order)) == (Status.CANCELLED, [])


@pytest.mark.parametrize("status", [Status.IN_REVIEW, Status.PAID])
def test_its_payment_cannot_be_cancelled(status: Status) -> None:
    order = free_order_in(status)
    refused = command(order, "cancel_payment")
    assert (refused.state, refused.outcome) == ("rejected", "There is nothing to pay for this order.")
    assert order.waiting_for in (Waiting.REVIEW, Waiting.SHIPPING)


def test_nothing_of_it_can_be_refunded() -> None:
    order = free_order_in(Status.DELIVERED)
    assert command(order, "refund", args={"amount": 1}).outcome == "Nothing is left to refund."
    assert payment_state(order).captured == 0
