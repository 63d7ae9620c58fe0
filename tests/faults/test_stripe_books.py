"""The checker reads the books of the Stripe double as it reads the simulated gateway's, and finds each lie in them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orders.lifecycle import Status
from orders.models import Order
from tests.conftest import ledgers_of_its_own, unique
from tests.doubles.stripe import StripeDouble
from tests.factories import an_order_in, command
from tests.faults.books import Entry, read_stripe
from tests.faults.checker import violations
from tests.faults.driving import carry_to_its_end
from tests.orders.gateway_worlds import paying_with_stripe
from tests.plugin import database_of_its_own

VISA, DECLINED = "pm_card_visa", "pm_card_chargeDeclined"
GONE = "01a22cd2-f0bd-7e1c-9280-9b12240df6fc"


@pytest.fixture(scope="module", autouse=True)
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database in which nothing stands but the orders of these tests, which Stripe charges."""
    directory = tmp_path_factory.mktemp("stripe")
    with (
        StripeDouble(books=directory / "stripe.jsonl") as double,
        database_of_its_own(f"stripebooks{unique()}"),
        ledgers_of_its_own(directory),
        paying_with_stripe(double),
    ):
        yield directory / "stripe.jsonl"


@pytest.fixture(scope="module")
def delivered() -> Order:
    return an_order_in(Status.DELIVERED, payment_method=VISA)


@pytest.fixture(scope="module")
def cancelled() -> Order:
    """Charged, and refunded when it was cancelled."""
    order = an_order_in(Status.PAID, payment_method=VISA)
    command(order, "cancel")
    return carry_to_its_end(order)


def found(books: Path) -> list[str]:
    return violations(ledgers=books.parent, temporal_address=None, payments=read_stripe(books))


def lied(books: Path, tell: Callable[[list[Entry]], object]) -> list[str]:
    """What the checker finds in a copy of the books that `tell` has changed."""
    entries = [json.loads(line) for line in books.read_text().splitlines()]
    tell(entries)
    copy = books.with_name("lies.jsonl")
    copy.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return violations(ledgers=books.parent, temporal_address=None, payments=read_stripe(copy))


def of(order: Order, kind: str, entries: list[Entry]) -> Entry:
    return next(each for each in entries if each["kind"] == kind and each["metadata"]["order_id"] == str(order.pk))


@pytest.mark.usefixtures("delivered", "cancelled")
def test_it_finds_nothing_wrong_with_orders_that_stripe_charged(books: Path) -> None:
    carry_to_its_end(an_order_in(Status.AWAITING_PAYMENT, payment_method=DECLINED))
    assert found(books) == []


def test_a_second_capture_of_a_payment_is_found(books: Path, delivered: Order) -> None:
    def tell(entries: list[Entry]) -> None:
        entries.append({**of(delivered, "capture", entries), "payment_intent": "pi_second", "reference": "ch_second"})

    assert f"I1 order {delivered.pk} (delivered): 2 captures under charge-{delivered.pk}-1" in lied(books, tell)


def test_a_capture_under_a_key_that_nobody_knows_is_found(books: Path, delivered: Order) -> None:
    def tell(entries: list[Entry]) -> None:
        metadata = {"order_id": str(delivered.pk), "payment_key": "charge-2"}
        entries.append({**of(delivered, "capture", entries), "metadata": metadata})

    assert any("a capture under charge-2, whose payment is unknown" in what for what in lied(books, tell))


@pytest.mark.parametrize(("order", "named"), [({"order_id": GONE}, GONE), ({}, "of pi_else")])
def test_a_capture_for_an_order_that_nobody_knows_is_found(
    books: Path, delivered: Order, order: dict[str, str], named: str
) -> None:
    def tell(entries: list[Entry]) -> None:
        metadata = {**order, "payment_key": "charge-else"}
        entries.append({**of(delivered, "capture", entries), "metadata": metadata, "payment_intent": "pi_else"})

    assert f"I1 order {named} is in the ledger of payments alone" in lied(books, tell)


@pytest.mark.parametrize(
    "wrong", [{"amount": 1}, {"currency": "eur"}, {"payment_intent": "pi_other"}], ids=["amount", "currency", "intent"]
)
def test_a_capture_of_something_else_is_found(books: Path, delivered: Order, wrong: Entry) -> None:
    what = lied(books, lambda entries: of(delivered, "capture", entries).update(wrong))
    key = f"charge-{delivered.pk}-1"
    text = f"the payment {key} has another amount, currency or reference than its capture"
    assert f"I1 order {delivered.pk} (delivered): {text}" in what


def test_an_authorisation_without_a_capture_is_no_money(books: Path, delivered: Order) -> None:
    what = lied(books, lambda entries: entries.remove(of(delivered, "capture", entries)))
    assert f"I2 order {delivered.pk} (delivered): 0 are kept instead of {delivered.total}" in what


@pytest.mark.parametrize("lie", ["missing", "failed"])
def test_a_refund_that_was_not_paid_is_found(books: Path, cancelled: Order, lie: str) -> None:
    def tell(entries: list[Entry]) -> None:
        refund = of(cancelled, "refund", entries)
        entries.remove(refund) if lie == "missing" else entries.append({**refund, "kind": "refund_failed"})

    assert f"I2 order {cancelled.pk} (cancelled): {cancelled.total} are kept instead of 0" in lied(books, tell)


def test_a_refund_that_was_paid_twice_is_found(books: Path, cancelled: Order) -> None:
    what = lied(books, lambda entries: entries.append({**of(cancelled, "refund", entries), "reference": "re_second"}))
    assert f"I2 order {cancelled.pk} (cancelled): a refund was made twice under one key" in what


def test_a_refund_that_nobody_asked_for_is_found(books: Path, delivered: Order) -> None:
    def tell(entries: list[Entry]) -> None:
        entries.append({**of(delivered, "capture", entries), "kind": "refund", "reference": "re_x", "amount": 5})

    what = f"I2 order {delivered.pk} (delivered): the gateway made the refund re_x, which nobody knows"
    assert what in lied(books, tell)
