"""A deadline that passed is gone, whatever else an order needs: one that stays would end every wait at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import Order
from orders.services.commands.deadlines import pass_deadline
from orders.services.state import attention
from orders.services.state.unit_of_work import locked_order
from tests.factories import an_order_in, events

WITH_A_DEADLINE = [Status.IN_REVIEW, Status.AWAITING_PAYMENT, Status.SHIPPED]
DECLINED = {"payment_method": "tok_declined"}
SILENT = {"service_level": "sim_silent"}


def overdue(status: Status) -> Order:
    order = an_order_in(status, **{Status.AWAITING_PAYMENT: DECLINED, Status.SHIPPED: SILENT}.get(status, {}))
    Order.objects.filter(pk=order.pk).update(deadline=timezone.now() - timedelta(seconds=1))
    return order


def flagged(order: Order) -> None:
    with locked_order(order.pk) as locked:
        attention.flag(locked, "A refund failed.")


@pytest.mark.parametrize("status", WITH_A_DEADLINE)
@pytest.mark.parametrize("is_flagged", [False, True], ids=["alone", "flagged"])
def test_it_is_gone_once_it_has_passed(status: Status, *, is_flagged: bool) -> None:
    order = overdue(status)
    if is_flagged:
        flagged(order)
    after = pass_deadline(order.pk, status)
    assert after.status != status or after.deadline is None


def test_a_parcel_that_is_late_is_told_once_beside_another_fault() -> None:
    order = overdue(Status.SHIPPED)
    flagged(order)
    for _ in range(2):
        after = pass_deadline(order.pk, Status.SHIPPED)
    assert after.attention_reason == "A refund failed."
    assert events(order).count("attention_needed") == 1


def test_a_parcel_that_is_late_needs_attention() -> None:
    after = pass_deadline(overdue(Status.SHIPPED).pk, Status.SHIPPED)
    assert after.attention_reason == "The parcel was not delivered in time."
