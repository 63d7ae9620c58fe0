"""What the shop's checkout has paid already pays for the order that names it, or goes back."""

from typing import Any

import pytest

from orders.errors import PaymentTaken
from orders.gateways.payments.protocol import PaymentRequest
from orders.lifecycle import Status, Waiting
from orders.models import CheckoutPayment, Order
from orders.services.checkouts.settlement import settle_checkout
from orders.services.commands import deadlines
from orders.services.commands.settle import begin
from orders.services.orders.placement import MadePayment
from orders.services.payments.capturing import collect_payment
from orders.services.payments.charging import charge
from orders.services.payments.refunds import return_payment
from tests.conftest import unique
from tests.factories import an_order, command
from tests.orders.test_checkout_payments import booked, packed, simulated

pytestmark = pytest.mark.django_db

State = CheckoutPayment.State


def made(amount: int, *, kind: str = "purchase", key: str = "") -> MadePayment:
    """A payment that the shop's checkout has made."""
    key = key or unique()
    request = PaymentRequest(key=key, order_id="shop", amount=amount, currency="USD", method="tok_ok")
    answer = getattr(simulated(), kind)(request)
    return MadePayment(gateway="simulated", reference=answer.reference)


def placed_with(payment: MadePayment) -> Order:
    order = an_order(payment=payment)
    begin(order.pk)
    deadlines.pass_deadline(order.pk, Status.IN_REVIEW)
    charge(order.pk)
    order.refresh_from_db()
    return order


@pytest.mark.parametrize(("kind", "state"), [("purchase", "captured"), ("authorise", "authorised")])
def test_a_payment_of_the_shops_checkout_is_verified_and_becomes_ours(kind: str, state: str) -> None:
    order = placed_with(made(9999, kind=kind))
    payment = order.payments.get()
    assert (order.status, payment.state, payment.amount) == (Status.PAID, state, order.total)


def test_an_authorisation_of_the_shops_checkout_is_captured_before_the_hand_over() -> None:
    order = placed_with(made(9999, kind="authorise"))
    order = packed(order)
    assert order.waiting_for == Waiting.CAPTURE
    assert collect_payment(order.pk).waiting_for == Waiting.HANDOVER
    assert order.payments.get().captured == order.total


@pytest.mark.parametrize(
    ("payment", "said"),
    [
        (lambda: made(5000), "The payment is over 50.00 USD, not 99.99 USD."),
        (lambda: MadePayment(gateway="simulated", reference="ch_unknown"), "The payment does not exist."),
    ],
)
def test_a_payment_that_is_not_what_it_was_said_to_be_is_left_alone(payment: Any, said: str) -> None:
    order = placed_with(payment())
    assert (order.status, order.payments.get().decline_reason) == (Status.AWAITING_PAYMENT, said)
    assert order.checkouts.get().state == State.REFUSED
    command(order, "cancel")
    return_payment(order.pk)
    assert booked(order) == []


def test_one_payment_pays_for_one_order() -> None:
    payment = made(9999)
    an_order(payment=payment)
    with pytest.raises(PaymentTaken):
        an_order(payment=payment)


def test_a_payment_of_the_shop_goes_back_when_its_order_is_invalid() -> None:
    payment = made(9999)
    order = an_order(payment=payment, service_level="no such level")
    begin(order.pk)
    order.refresh_from_db()
    assert order.status == Status.INVALID
    assert settle_checkout(order.checkouts.get().pk).state == State.RETURNED
    found = simulated().look_up(
        PaymentRequest(key="x", order_id="", amount=0, currency="USD", method="", reference=payment.reference)
    )
    assert found is not None
    assert found.refunded == 9999


def test_a_payment_of_another_order_never_goes_back_for_this_one() -> None:
    order = an_order(payment=made(5000), service_level="no such level")
    begin(order.pk)
    assert settle_checkout(order.checkouts.get().pk).state == State.REFUSED
