"""How long the payment page of an order stays open."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import Order
from orders.services.payments.checkouts import open_checkout
from tests.factories import an_order_in
from tests.orders.test_checkout_payments import BACK, unpaid

pytestmark = pytest.mark.django_db


def test_shortly_before_the_deadline_it_is_still_one_page() -> None:
    order = unpaid()
    Order.objects.filter(pk=order.pk).update(deadline=timezone.now() + timedelta(minutes=2))
    first, again = open_checkout(order.pk, **BACK), open_checkout(order.pk, **BACK)
    assert first.pk == again.pk


def test_a_page_that_is_opened_during_the_review_outlives_it() -> None:
    order = an_order_in(Status.IN_REVIEW, payment_method="checkout")
    row = open_checkout(order.pk, **BACK)
    assert row.expires_at is not None
    assert row.expires_at > timezone.now() + timedelta(hours=23)
