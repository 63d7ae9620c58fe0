"""The way back from the gateway's payment page: the order's page says what ended of the payment, and nothing else."""

import pytest
from pytest_django import Settings

from orders.errors import GatewayUnavailable, PaymentRefused
from orders.gateways.payments.configured import gateway_named
from orders.lifecycle import Status
from orders.models import Order
from orders.services.checkouts.settlement import settle_checkout
from orders.services.commands import deadlines
from orders.services.orders import cancellation
from orders.services.payments.charging import charge
from orders.tracking import payments, wording
from tests.factories import command, kinds, settle
from tests.tracking.conftest import Follow
from tests.tracking.paying import State, come_back, page_of, paid_there, pay_there, press_pay, simulated, states, unpaid


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process settles commands here: the way back does not wait for one."""
    monkeypatch.setattr(payments, "WAIT_SECONDS", 0)


def test_who_comes_back_without_having_paid_can_still_pay(visitor: Follow) -> None:
    order = unpaid()
    client = visitor(order)
    press_pay(client, order)
    assert come_back(client, order)["Location"] == page_of(order)
    assert states(order) == [State.OPEN]
    assert "Pay now" in client.get(page_of(order)).text


def test_who_comes_back_having_paid_reads_that_it_is_confirmed_and_is_not_asked_again(visitor: Follow) -> None:
    order = unpaid()
    client = visitor(order)
    answered = paid_there(order, client)
    (row,) = order.commands.filter(kind="retry_payment")
    assert answered["Location"] == f"{page_of(order)}?change={row.pk}"
    for page in (client.get(answered["Location"]), client.get(page_of(order, "live/"))):
        assert "<h1>Processing your payment</h1>" in page.text
        assert page.text.count(wording.PAYMENT_RECEIVED) == 1
        for untrue in ("Pay now", "No payment received yet", "will be cancelled", "We have received your request"):
            assert untrue not in page.text
    assert "There is nothing to pay right now" in client.get(page_of(order, "payment/")).text


def test_coming_back_twice_pays_once(visitor: Follow) -> None:
    order = unpaid()
    client = visitor(order)
    assert paid_there(order, client)["Location"] == come_back(client, order)["Location"]
    assert order.commands.filter(kind="retry_payment").count() == 1


def test_a_customer_with_the_code_is_told_what_became_of_it(customer: Follow) -> None:
    order = unpaid()
    client = customer(order)
    page = paid_there(order, client)["Location"]
    assert "You do not need to pay again." in client.get(page).text
    settle(order.commands.get(kind="retry_payment"))
    charge(order.pk)
    assert client.get(page).context["notice"].text == "We received your payment."
    assert come_back(client, order)["Location"] == page


def test_what_is_paid_for_an_order_that_was_cancelled_goes_back(visitor: Follow) -> None:
    order = unpaid()
    client = visitor(order)
    press_pay(client, order)
    command(order, "cancel")
    pay_there(order)
    assert come_back(client, order)["Location"] == page_of(order)
    assert states(order) == [State.RETURNED]
    assert [kind for kind in kinds("payments", order) if kind in ("capture", "refund")] == ["capture", "refund"]
    assert "We returned a payment that the order did not need." in client.get(page_of(order)).text


def test_the_outcome_of_an_earlier_payment_is_not_told_for_one_that_goes_back(customer: Follow) -> None:
    order = unpaid()
    client = customer(order)
    paid_there(order, client)
    settle(order.commands.get(kind="retry_payment"))
    assert command(order, "cancel_payment").state == "applied"
    order.checkouts.update(state=State.RETURNED)
    assert come_back(client, order)["Location"] == page_of(order)


def test_a_closed_order_says_that_a_payment_is_on_its_way_back(visitor: Follow, settings: Settings) -> None:
    order = unpaid()
    client = visitor(order)
    paid_there(order, client)
    assert command(order, "cancel").state == "applied"
    assert cancellation.finish_cancellation(order.pk).status == Status.CANCELLED
    without_an_answer(order, settings)
    page = client.get(page_of(order)).text
    assert wording.PAYMENT_GOES_BACK in page
    assert "data-goes-on" in page
    assert wording.ENDINGS[Status.CANCELLED] not in page


def without_an_answer(order: Order, settings: Settings) -> None:
    """The gateway of the order's payment page is asked, and does not answer."""
    order.checkouts.update(gateway="simulated_http")
    settings.PAYMENT_GATEWAY_URL = "http://127.0.0.1:9"
    gateway_named.cache_clear()
    with pytest.raises(GatewayUnavailable):
        settle_checkout(order.checkouts.get().pk)
    gateway_named.cache_clear()


def test_a_gateway_that_is_away_does_not_keep_the_customer_from_the_order(visitor: Follow, settings: Settings) -> None:
    order = unpaid()
    client = visitor(order)
    press_pay(client, order)
    order.checkouts.update(gateway="simulated_http")
    settings.PAYMENT_GATEWAY_URL = "http://127.0.0.1:9"
    gateway_named.cache_clear()
    assert come_back(client, order)["Location"] == page_of(order)
    gateway_named.cache_clear()
    assert states(order) == [State.OPEN]


def test_the_money_is_told_as_paid_before_the_order_is_charged_with_it(customer: Follow) -> None:
    order = unpaid()
    client = customer(order)
    paid_there(order, client)
    page = client.get(page_of(order))
    assert [fact.text for fact in page.context["payments"]] == ["99.99 USD paid"]
    assert "99.99 USD will be refunded." in page.text
    assert "<strong>99.99 USD</strong> will be refunded" in client.get(page_of(order, "cancel/")).text
    command(order, "cancel")
    settle_checkout(order.checkouts.get().pk)
    facts = client.get(page_of(order)).context["payments"]
    assert [fact.text for fact in facts] == ["99.99 USD paid", "99.99 USD refunded"]


def test_what_is_only_reserved_is_not_called_paid(customer: Follow, settings: Settings) -> None:
    settings.PAYMENT_CAPTURE = "on_shipment"
    order = unpaid()
    client = customer(order)
    paid_there(order, client)
    assert [fact.text for fact in client.get(page_of(order)).context["payments"]] == ["99.99 USD approved"]
    command(order, "cancel")
    settle_checkout(order.checkouts.get().pk)
    assert [fact.text for fact in client.get(page_of(order)).context["payments"]] == ["99.99 USD was not charged."]


def test_after_the_deadline_the_page_is_closed_and_nothing_can_be_paid(visitor: Follow) -> None:
    order = unpaid()
    client = visitor(order)
    press_pay(client, order)
    deadlines.pass_deadline(order.pk, Status.AWAITING_PAYMENT)
    settle_checkout(order.checkouts.get().pk)
    assert states(order) == [State.CLOSED]
    with pytest.raises(PaymentRefused):
        simulated().pay_checkout(order.checkouts.get().reference, "tok_ok")
    assert "There is nothing to pay right now" in press_pay(client, order).text
    assert kinds("payments", order).count("capture") == 0
