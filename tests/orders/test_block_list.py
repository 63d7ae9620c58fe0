"""Customers of the block list, whichever way they write their address."""

import pytest

from orders.lifecycle import Status
from orders.models import BlockedCustomer
from orders.services.commands.settle import begin
from orders.services.orders.review import mailbox_of
from tests.conftest import unique
from tests.factories import an_order

BLOCKED = "Orders from this customer are not accepted."


def is_refused(email: str) -> bool:
    """Whether an order from this address ends as invalid."""
    order = begin(an_order(customer_email=email).pk)
    return order.status == Status.INVALID and order.invalid_reasons == [BLOCKED]


@pytest.mark.parametrize("blocked", ["{}@example.com", "{}+shop@example.com", "{}@EXAMPLE.com"])
@pytest.mark.parametrize("email", ["{}@example.com", "{}+1@example.com", "{}+1+2@Example.com", "{}+@example.com"])
def test_a_sub_address_is_blocked_with_its_mailbox(blocked: str, email: str) -> None:
    name = f"bad{unique()}"
    BlockedCustomer.objects.create(email=blocked.format(name.upper()))
    assert is_refused(email.format(name))


@pytest.mark.parametrize("email", ["{}x@example.com", "{}@example.org", "x{}@example.com", "{}@sub.example.com"])
def test_another_mailbox_is_not(email: str) -> None:
    name = f"bad{unique()}"
    BlockedCustomer.objects.create(email=f"{name}@example.com")
    assert not is_refused(email.format(name))


@pytest.mark.parametrize(
    ("email", "mailbox"), [("A+b@X.org", "a@x.org"), ("+b@x.org", "+b@x.org"), ("a_@x.org", "a_@x.org")]
)
def test_a_mailbox_has_neither_case_nor_sub_address(email: str, mailbox: str) -> None:
    assert mailbox_of(email) == mailbox
