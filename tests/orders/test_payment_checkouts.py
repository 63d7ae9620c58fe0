"""What every payment gateway keeps to with hosted checkouts: the rest of the contract of `PaymentGateway`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orders.errors import GatewayUnavailable
from orders.gateways.payments.protocol import (
    Checkout,
    CheckoutState,
    GatewayPayment,
    PaymentRequest,
    PaymentResult,
)
from tests.conftest import unique
from tests.orders.gateway_worlds import ORDER_ID, GatewayWorld, world
from tests.orders.test_payment_gateways import A_DAY_LATER, GATEWAYS, known

AMOUNTS = [(1990, "USD"), (500, "JPY"), (12_340, "KWD")]


@pytest.fixture(params=GATEWAYS)
def it(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GatewayWorld]:
    with world(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=["simulated_http", "stripe"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GatewayWorld]:
    """Those with a network between, on which an answer can be lost."""
    with world(request.param, tmp_path) as made:
        yield made


def opened(it: GatewayWorld, *, capture: bool = True) -> Checkout:
    return it.gateway.open_checkout(it.checkout_request(capture=capture))


def state_of(it: GatewayWorld, checkout: Checkout) -> CheckoutState:
    return looked_up(it, checkout).state


def looked_up(it: GatewayWorld, checkout: Checkout) -> Checkout:
    found = it.gateway.look_up_checkout(checkout.reference)
    assert found
    return found


def payment_on(it: GatewayWorld, checkout: Checkout, amount: int = 1990, currency: str = "USD") -> GatewayPayment:
    """The payment that was made there, as we ask for it: by its reference, under a key of our own."""
    reference = looked_up(it, checkout).payment
    assert reference
    request = PaymentRequest(
        key=unique(), order_id=ORDER_ID, amount=amount, currency=currency, method="", reference=reference
    )
    return known(it, request)


@pytest.mark.parametrize(("amount", "currency"), AMOUNTS)
@pytest.mark.parametrize("capture", [True, False])
def test_a_customer_pays_on_the_page(it: GatewayWorld, amount: int, currency: str, *, capture: bool) -> None:
    request = it.checkout_request(amount, currency, capture=capture)
    checkout = it.gateway.open_checkout(request)
    assert (checkout.state, checkout.payment, it.booked()) == (CheckoutState.OPEN, "", [])
    assert checkout.url.startswith("http://127.0.0.1:")
    it.pay(checkout)
    paid = looked_up(it, checkout)
    assert (paid.state, paid.reference, paid.url) == (CheckoutState.PAID, checkout.reference, "")
    payment = payment_on(it, checkout, amount, currency)
    assert (payment.result, payment.captured, payment.authorised) == (
        ("captured", amount, 0) if capture else ("authorised", 0, amount)
    )
    assert (payment.amount, payment.currency, payment.order_id) == (amount, currency, ORDER_ID)
    assert (payment.key, payment.reference) == (request.key, paid.payment)
    assert it.booked()[-1] == ("capture" if capture else "authorisation", it.in_units(amount, currency))


@pytest.mark.parametrize("capture", [True, False])
def test_a_checkout_is_opened_once_under_a_key(it: GatewayWorld, *, capture: bool) -> None:
    request = it.checkout_request(capture=capture)
    checkout = it.gateway.open_checkout(request)
    assert it.gateway.open_checkout(request) == checkout
    assert opened(it).reference != checkout.reference
    it.pay(checkout)
    assert it.gateway.open_checkout(request).reference == checkout.reference


@pytest.mark.parametrize("hours", [0.1, 2, 24, 72])
def test_it_may_be_wanted_for_any_time(it: GatewayWorld, hours: float) -> None:
    assert it.gateway.open_checkout(it.checkout_request(hours=hours)).state is CheckoutState.OPEN


def test_a_checkout_whose_opening_was_not_answered_is_opened_again_as_the_same(far: GatewayWorld) -> None:
    request = far.checkout_request()
    with far.answer_lost("open_checkout"), pytest.raises(GatewayUnavailable):
        far.gateway.open_checkout(request)
    checkout = far.gateway.open_checkout(request)
    assert far.gateway.open_checkout(request) == checkout
    far.pay(checkout)
    assert state_of(far, checkout) is CheckoutState.PAID


def test_it_knows_nothing_of_a_checkout_that_was_never_opened(it: GatewayWorld) -> None:
    assert it.gateway.look_up_checkout("cs_nobody") is None
    with pytest.raises(GatewayUnavailable):
        it.gateway.close_checkout("cs_nobody")


def test_nobody_pays_on_a_page_that_was_closed(it: GatewayWorld) -> None:
    checkout = opened(it)
    for _ in range(2):
        closed = it.gateway.close_checkout(checkout.reference)
        assert (closed.state, closed.reference, closed.url) == (CheckoutState.CLOSED, checkout.reference, "")
    it.pay(checkout)
    assert (state_of(it, checkout), it.booked()) == (CheckoutState.CLOSED, [])


def test_a_closing_whose_answer_was_lost_is_repeated(far: GatewayWorld) -> None:
    checkout = opened(far)
    with far.answer_lost("close_checkout"), pytest.raises(GatewayUnavailable):
        far.gateway.close_checkout(checkout.reference)
    assert far.gateway.close_checkout(checkout.reference).state is CheckoutState.CLOSED


@pytest.mark.parametrize("capture", [True, False])
def test_a_page_that_was_paid_on_says_so_when_it_is_closed(it: GatewayWorld, *, capture: bool) -> None:
    checkout = opened(it, capture=capture)
    it.pay(checkout)
    closed = it.gateway.close_checkout(checkout.reference)
    assert (closed.state, closed.payment) == (CheckoutState.PAID, payment_on(it, checkout).reference)
    assert payment_on(it, checkout).result == ("captured" if capture else "authorised")


def test_a_customer_whose_card_was_declined_pays_with_another(it: GatewayWorld) -> None:
    checkout = opened(it)
    it.pay(checkout, it.declined)
    assert (state_of(it, checkout), it.booked()) == (CheckoutState.OPEN, [])
    it.pay(checkout)
    assert (state_of(it, checkout), payment_on(it, checkout).captured) == (CheckoutState.PAID, 1990)
    assert [kind for kind, _ in it.booked()].count("capture") == 1


def test_it_is_paid_once_from_two_tabs(it: GatewayWorld) -> None:
    checkout = opened(it)
    for _ in range(2):
        it.pay(checkout)
    assert [kind for kind, _ in it.booked()].count("capture") == 1


def test_a_customer_confirms_at_the_bank(it: GatewayWorld) -> None:
    checkout = opened(it)
    it.pay(checkout, it.asks_for_confirmation)
    assert (state_of(it, checkout), it.booked()) == (CheckoutState.OPEN, [])
    it.confirm(checkout, confirmed=True)
    assert (state_of(it, checkout), payment_on(it, checkout).captured) == (CheckoutState.PAID, 1990)


def test_a_customer_who_refuses_at_the_bank_can_pay_with_another_card(it: GatewayWorld) -> None:
    checkout = opened(it)
    it.pay(checkout, it.asks_for_confirmation)
    it.confirm(checkout, confirmed=False)
    assert (state_of(it, checkout), it.booked()) == (CheckoutState.OPEN, [])
    it.pay(checkout)
    assert state_of(it, checkout) is CheckoutState.PAID


def test_a_confirmation_that_comes_after_the_expiry_charges_nothing(it: GatewayWorld) -> None:
    checkout = opened(it)
    it.pay(checkout, it.asks_for_confirmation)
    it.pass_time(timedelta(hours=3))
    assert state_of(it, checkout) is CheckoutState.CLOSED
    it.pass_time(A_DAY_LATER)
    it.confirm(checkout, confirmed=True)
    assert (state_of(it, checkout), it.booked()) == (CheckoutState.CLOSED, [])
    assert it.gateway.close_checkout(checkout.reference).state is CheckoutState.CLOSED


def test_a_confirmation_that_comes_after_the_closing_charges_nothing(it: GatewayWorld) -> None:
    checkout = opened(it)
    it.pay(checkout, it.asks_for_confirmation)
    assert it.gateway.close_checkout(checkout.reference).state is CheckoutState.CLOSED
    it.confirm(checkout, confirmed=True)
    assert (state_of(it, checkout), it.booked()) == (CheckoutState.CLOSED, [])


@pytest.mark.parametrize("capture", [True, False])
def test_a_checkout_that_was_paid_is_so_a_day_later(it: GatewayWorld, *, capture: bool) -> None:
    checkout = opened(it, capture=capture)
    it.pay(checkout)  # and never came back to us
    it.pass_time(A_DAY_LATER)
    assert state_of(it, checkout) is CheckoutState.PAID
    assert payment_on(it, checkout).result == ("captured" if capture else "authorised")


def test_what_was_paid_on_a_page_is_captured_and_refunded_as_any_payment(it: GatewayWorld) -> None:
    checkout = opened(it, capture=False)
    it.pay(checkout)
    request = PaymentRequest(
        key=unique(),
        order_id=ORDER_ID,
        amount=1990,
        currency="USD",
        method="",
        reference=looked_up(it, checkout).payment,
    )
    assert it.gateway.capture(request, key=unique(), amount=1990).captured == 1990
    it.gateway.refund(request, key=unique(), amount=990)
    assert (known(it, request).refunded, state_of(it, checkout)) == (990, CheckoutState.PAID)


def test_the_payment_is_listed_once_with_our_key(it: GatewayWorld) -> None:
    request = it.checkout_request()
    checkout = it.gateway.open_checkout(request)
    opened(it)
    it.pay(checkout, it.declined)
    it.pay(checkout)
    listed = list(it.gateway.payments_since(datetime.now(UTC) - timedelta(minutes=1)))
    assert [found.key for found in listed if found.result is PaymentResult.CAPTURED] == [request.key]
    assert len(listed) == 1
