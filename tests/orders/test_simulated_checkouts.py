"""The simulated gateway's checkouts as their page sees them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from orders.errors import GatewayUnavailable, PaymentRefused
from orders.gateways.payments.checkout_page import OfferedCard
from orders.gateways.payments.protocol import CheckoutState, GatewayPayment, PaymentResult
from tests.orders.gateway_worlds import PUBLIC_URL, Clock, Simulated, world


@pytest.fixture(params=["simulated", "simulated_http"])
def it(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Simulated]:
    with world(request.param, tmp_path) as made:
        assert isinstance(made, Simulated)
        yield made


def opened(it: Simulated) -> str:
    return it.gateway.open_checkout(it.checkout_request()).reference


def test_the_page_is_ours(it: Simulated) -> None:
    checkout = it.gateway.open_checkout(it.checkout_request())
    assert checkout.url == f"{PUBLIC_URL}/simulated-checkout/{checkout.reference}/"


def test_it_knows_what_a_checkout_was_opened_with(it: Simulated) -> None:
    request = it.checkout_request(12_340, "KWD", capture=False)
    checkout = it.gateway.open_checkout(request)
    it.gateway.open_checkout(replace(request, amount=1))
    assert it.page.checkout_request(checkout.reference) == request
    assert it.page.checkout_request("cs_nobody") is None


def test_a_payment_is_no_checkout_and_a_checkout_no_payment(it: Simulated) -> None:
    reference = opened(it)
    assert it.gateway.look_up(replace(it.request(), reference=reference)) is None
    it.pay(it.gateway.open_checkout(it.checkout_request()))
    [payment] = it.gateway.payments_since(it.checkout_request(hours=-1).expires_at)
    assert it.gateway.look_up_checkout(payment.reference) is None


@pytest.mark.parametrize(
    ("card", "code", "reason"),
    [
        (OfferedCard.DECLINED, "card_declined", "The card was declined."),
        (OfferedCard.INSUFFICIENT_FUNDS, "insufficient_funds", "The card has insufficient funds."),
    ],
)
def test_a_card_is_declined_as_often_as_it_is_tried(it: Simulated, card: OfferedCard, code: str, reason: str) -> None:
    reference = opened(it)
    for _ in range(2):
        declined = it.page.pay_checkout(reference, card)
        assert (declined.result, declined.code, declined.reason) == (PaymentResult.DECLINED, code, reason)
    assert it.page.pay_checkout(reference, OfferedCard.WORKS).result is PaymentResult.CAPTURED


@pytest.mark.parametrize(
    ("method", "code", "reason"),
    [
        ("tok_insufficient_funds", "insufficient_funds", "The card has insufficient funds."),
        ("tok_3ds", "authentication_required", "The bank asks for a confirmation of this payment."),
    ],
)
def test_so_it_is_without_the_customer(it: Simulated, method: str, code: str, reason: str) -> None:
    request = it.request(method=method)
    for answer in (it.gateway.purchase(request), it.gateway.look_up(request)):
        assert answer
        assert (answer.result, answer.code, answer.reason) == (PaymentResult.DECLINED, code, reason)
    assert it.gateway.supports(method)


def test_a_confirmation_has_a_page_of_its_own(it: Simulated) -> None:
    reference = opened(it)
    asked = it.page.pay_checkout(reference, OfferedCard.ASKS_FOR_CONFIRMATION)
    assert asked.result is PaymentResult.ACTION_REQUIRED
    assert asked.action_url == f"{PUBLIC_URL}/simulated-checkout/{reference}/confirm/"
    refused = it.page.pay_checkout(reference, OfferedCard.ASKS_FOR_CONFIRMATION, confirmed=False)
    assert (refused.result, refused.reason) == (PaymentResult.DECLINED, "The payment was not confirmed.")
    paid = it.page.pay_checkout(reference, OfferedCard.ASKS_FOR_CONFIRMATION, confirmed=True)
    assert (paid.result, paid.captured) == (PaymentResult.CAPTURED, 1990)


@pytest.mark.parametrize("card", OfferedCard)
def test_no_card_pays_on_a_closed_page(it: Simulated, card: OfferedCard) -> None:
    reference = opened(it)
    it.gateway.close_checkout(reference)
    with pytest.raises(PaymentRefused, match="Nobody can pay on this page any more") as refused:
        it.page.pay_checkout(reference, card)
    assert refused.value.reason == "checkout_closed"


def test_nobody_pays_on_a_page_that_never_was(it: Simulated) -> None:
    with pytest.raises(PaymentRefused, match="no such payment page"):
        it.page.pay_checkout("cs_nobody", OfferedCard.WORKS)


def test_nobody_pays_on_a_page_whose_payment_was_voided_before(it: Simulated) -> None:
    request = it.checkout_request()
    checkout = it.gateway.open_checkout(request)
    it.gateway.void(replace(it.request(), key=request.key))
    with pytest.raises(PaymentRefused):
        it.page.pay_checkout(checkout.reference, OfferedCard.WORKS)
    assert it.gateway.look_up_checkout(checkout.reference) == replace(checkout, state=CheckoutState.CLOSED, url="")


def test_of_many_tabs_at_once_one_pays(it: Simulated) -> None:
    reference = opened(it)
    with ThreadPoolExecutor(8) as tabs:
        payments = set(tabs.map(lambda _: it.page.pay_checkout(reference, OfferedCard.WORKS), range(8)))
    assert (len(payments), it.booked()) == (1, [("capture", 1990)])


def test_a_tab_that_is_overtaken_by_another_gets_its_payment(tmp_path: Path) -> None:
    class ClockOfTwoTabs(Clock):
        """Asked for the time, which a tab does while it looks whether the page is open, it lets the other one pay."""

        other_tab: Callable[[], object] | None = None

        def __call__(self) -> datetime:
            pay, self.other_tab = self.other_tab, None
            if pay:
                pay()
            return super().__call__()

    clock = ClockOfTwoTabs()
    it = Simulated(tmp_path, clock)
    reference = opened(it)
    paid: list[GatewayPayment] = []
    clock.other_tab = lambda: paid.append(it.page.pay_checkout(reference, OfferedCard.WORKS))
    assert [it.page.pay_checkout(reference, OfferedCard.WORKS)] == paid
    assert it.booked() == [("capture", 1990)]


def test_a_payment_whose_answer_was_lost_is_there_when_it_is_asked_for_again(it: Simulated) -> None:
    reference = opened(it)
    with pytest.raises(GatewayUnavailable):
        it.page.pay_checkout(reference, "tok_lost_response")
    checkout = it.gateway.look_up_checkout(reference)
    assert checkout
    assert checkout.state is CheckoutState.PAID
    assert it.page.pay_checkout(reference, "tok_lost_response").reference == checkout.payment
    assert it.booked() == [("capture", 1990)]
