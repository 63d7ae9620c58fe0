"""Recording bank transfers: too little, enough, too much; the same line twice; and giving the money back."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import BankTransfer, Order
from orders.services.orders.cancellation import finish_cancellation
from orders.services.payments.charging import charge
from orders.services.payments.refunds import return_payment
from tests.admin.conditions import PAYMENTS, paid_by_transfer
from tests.admin.conftest import Desk
from tests.admin.test_actions import issued, path_of, shown
from tests.admin.test_payments_on_the_order_page import money, page_of, rows, text_of
from tests.conftest import unique
from tests.factories import an_order_in, command


@pytest.fixture(autouse=True)
def all_payments(settings: Settings) -> None:
    """Customers can pay by a link that is mailed to them, and by bank transfer."""
    for name, value in PAYMENTS.items():
        setattr(settings, name, value)


@pytest.fixture
def order() -> Order:
    """It waits for 99.99 USD."""
    return an_order_in(Status.AWAITING_PAYMENT, payment_method="bank_transfer")


def form(desk: Desk, order: Order, **typed: Any) -> dict[str, object]:
    line = {"amount": "60", "received_on": timezone.localdate().isoformat(), "reference": f"RF18 {unique()}"}
    return shown(desk, order, "record_payment", **{**line, **typed})


def record(desk: Desk, order: Order, **typed: Any) -> str:
    return desk.post(path_of(order, "record_payment"), form(desk, order, **typed))


@pytest.mark.usefixtures("settling")
def test_too_little_is_recorded_and_the_order_goes_on_waiting(desk: Desk, order: Order) -> None:
    assert "60.00 USD recorded. 39.99 USD is still to be paid." in record(desk, order, reference="RF18 60")
    (row,) = rows(money(desk, order))
    assert row == [timezone.localdate().isoformat(), "RF18 60", "Not used", "60.00 USD"]
    assert "60.00 USD was received by bank transfer. 39.99 USD is still to be paid." in desk.get(page_of(order))
    assert order.payments.count() == 0


def test_the_form_asks_for_what_is_still_to_be_paid(desk: Desk) -> None:
    page = desk.get(path_of(paid_by_transfer(6000), "record_payment"))
    assert "Due: 99.99 USD. Received so far: 60.00 USD." in page
    assert 'name="amount" value="39.99"' in page


@pytest.mark.usefixtures("settling")
def test_the_transfers_that_suffice_pay_the_order(desk: Desk) -> None:
    order = paid_by_transfer(6000)
    assert "39.99 USD recorded. The order is paid." in record(desk, order, amount="39.99")
    charge(order.pk)
    payment, total, *transfers = rows(money(desk, order))
    assert payment == ["1 Bank transfer", "Captured", "99.99 USD", "–", "99.99 USD", "–", "–", "99.99 USD"]
    assert total[-1] == "99.99 USD"
    assert [row[2] for row in transfers] == ["Used for payment 1"] * 2


def test_too_much_is_said_and_left_to_finance(desk: Desk) -> None:
    order = paid_by_transfer(6000, 5000)
    card = money(desk, order)
    assert "10.01 USD too much arrived by bank transfer." in card
    assert "Paid too much by bank transfer: 99.99 USD due, 110.00 USD received." in text_of(card)
    row = order.payment_discrepancies.get()
    page = desk.get(reverse("admin:orders_paymentdiscrepancy_change", args=[row.pk]))
    assert "99.99 USD was due; 110.00 USD was received by bank transfer. That is 10.01 USD too much." in page
    assert "Pay the surplus back by bank, and mark this as resolved." in page


@pytest.mark.parametrize(
    ("field", "typed", "fault"),
    [
        ("amount", "1.999", "The amount must have at most 2 decimals in USD."),
        ("amount", "0", "Enter an amount above zero."),
        ("amount", "-5", "Enter an amount above zero."),
        ("amount", "99999999999999", "The amount is too large."),
        ("amount", "much", "Enter a number."),
        ("received_on", "2999-01-01", "The day must not be in the future."),
        ("received_on", "yesterday", "Enter a valid date."),
        ("reference", " ", "This field is required."),
        ("reference", "x" * 101, "Ensure this value has at most 100 characters (it has 101)."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_recorded(
    desk: Desk, order: Order, field: str, typed: str, fault: str
) -> None:
    page = record(desk, order, **{field: typed})
    assert f'id="id_{field}_error"' in page
    assert fault in page
    assert (issued(order, Kind.RECORD_PAYMENT), BankTransfer.objects.filter(order=order).count()) == ([], 0)


def test_the_same_line_of_a_statement_is_not_recorded_for_another_order(desk: Desk, order: Order) -> None:
    line = paid_by_transfer(6000).transfers.get()
    page = record(desk, order, reference=line.reference)
    assert "This bank transfer is recorded already: same day, amount and reference." in page
    assert issued(order, Kind.RECORD_PAYMENT) == []


@pytest.mark.usefixtures("settling")
def test_a_form_that_is_sent_twice_records_one_transfer_and_tells_its_outcome_again(desk: Desk, order: Order) -> None:
    data = form(desk, order)
    for _ in range(2):
        assert "60.00 USD recorded. 39.99 USD is still to be paid." in desk.post(path_of(order, "record_payment"), data)
    assert order.transfers.count() == 1


@pytest.mark.usefixtures("settling")
def test_a_reference_may_look_like_a_card_number_and_a_day_lie_long_ago(desk: Desk, order: Order) -> None:
    day = timezone.localdate() - timedelta(days=30)
    record(desk, order, reference="4111 1111 1111 1111", received_on=day.isoformat())
    assert order.transfers.get().received_on == day


def test_without_a_bank_account_nothing_is_offered(desk: Desk, order: Order, settings: Settings) -> None:
    settings.BANK_ACCOUNT = ""
    assert path_of(order, "record_payment") not in desk.get(page_of(order))
    assert "Bank transfers are not accepted (BANK_ACCOUNT)." in desk.get(path_of(order, "record_payment"))


def test_what_arrived_and_was_not_needed_is_said(desk: Desk) -> None:
    order = paid_by_transfer(6000)
    command(order, "retry_payment", args={"payment_method": "tok_ok"})
    charge(order.pk)
    assert "60.00 USD arrived by bank transfer and was not needed. Pay it back by bank." in money(desk, order)


def test_a_cancelled_order_has_its_transfers_paid_back_by_people(desk: Desk) -> None:
    order = paid_by_transfer(6000)
    page = desk.get(path_of(order, "cancel"))
    assert "60.00 USD was received by bank transfer: pay it back by bank, then choose “Settle refund”." in page
    assert ">Cancel and refund 60.00 USD</button>" in page
    command(order, "cancel")
    return_payment(order.pk)
    page = desk.get(page_of(order))
    assert "The order was paid by bank transfer. Pay the refund by bank, then settle it." in page
    assert path_of(order, "settle_refund") in page
    command(order, "settle_refund", reason="Paid back today.")
    assert finish_cancellation(order.pk).status == Status.CANCELLED
    assert rows(money(desk, order))[0][-1] == "0.00 USD"
