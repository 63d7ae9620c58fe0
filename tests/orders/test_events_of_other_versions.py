"""An event that another version recorded, under a type that this one does not know, breaks no page and no check."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import Event, Order
from orders.services.customers.access import tracking_token
from orders.services.orders.verification import faults_of
from orders.services.state.transition import hash_of
from tests.factories import an_order_in

UNKNOWN = "parcel_weighed"


@pytest.fixture
def order() -> Iterator[Order]:
    """As after an upgrade that was taken back: this version's constraint comes later than the event."""
    order = an_order_in(Status.PAID)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE events DROP CONSTRAINT events_type_known")
        _record(order)
        yield order
        transaction.set_rollback(True)


def _record(order: Order) -> None:
    order.refresh_from_db()
    event = Event(order=order, seq=order.event_seq + 1, type=UNKNOWN, status=order.status, actor="system", data={})
    event.step_key, event.created_at, event.prev_hash = str(uuid4()), timezone.now(), order.event_hash
    event.hash = hash_of(event)
    event.save(force_insert=True)
    Order.objects.filter(pk=order.pk).update(event_seq=event.seq, event_hash=event.hash)


def test_the_customers_page_leaves_it_out(order: Order) -> None:
    browser = Client()
    page = browser.get(f"/track/{order.code}/", {"token": tracking_token(order)}, follow=True)
    assert page.status_code == 200
    assert "weighed" not in page.content.decode()


def test_the_admin_shows_its_name(order: Order) -> None:
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser(f"admin{uuid4()}"))
    page = browser.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert "Parcel weighed" in page.content.decode()


def test_its_hash_is_checked_like_any_other(order: Order) -> None:
    order.refresh_from_db()
    assert faults_of(order, list(order.events.order_by("seq"))) == []
