"""Who is to be told of what: rows written with their events."""

import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.errors import DeliveryNotFound
from orders.lifecycle import EventType, Status
from orders.models import ApiClient, Delivery, Order, WebhookEndpoint
from orders.services.state.deliveries import send_again, write_mail
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order
from tests.conftest import unique
from tests.factories import an_order, an_order_in


def a_client(endpoints: int = 1) -> ApiClient:
    client = ApiClient.objects.create(name=f"shop {unique()}", scopes=["webhooks"])
    for number in range(endpoints):
        WebhookEndpoint.objects.create(client=client, url=f"https://shop.example/{number}")
    return client


def told(order: Order) -> list[tuple[int | None, str, str]]:
    rows = order.deliveries.filter(channel="webhook").order_by("seq", "recipient").select_related("event")
    return [(row.seq, row.event.type if row.event else "", row.recipient) for row in rows]


def test_every_event_of_an_order_is_written_down_for_every_endpoint_of_its_client() -> None:
    client = a_client(endpoints=2)
    order = an_order_in(Status.DELIVERED, client=client)
    recipients = sorted(str(endpoint.pk) for endpoint in client.endpoints.all())
    expected = [
        (event.seq, event.type, recipient) for event in order.events.order_by("seq") for recipient in recipients
    ]
    assert told(order) == expected


def test_nobody_is_told_of_another_clients_order_or_at_an_endpoint_that_is_switched_off_or_removed() -> None:
    client, other = a_client(endpoints=2), a_client()
    for endpoint, state in zip(client.endpoints.all(), ("disabled", "removed"), strict=True):
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(state=state)
    assert told(an_order_in(Status.IN_REVIEW, client=client)) == []
    assert not Delivery.objects.filter(endpoint__client=other).exists()


def test_an_order_of_no_client_costs_no_query_for_webhooks() -> None:
    with CaptureQueriesContext(connection) as queries:
        an_order()
    assert not [query for query in queries if "webhook_endpoints" in query["sql"]]


def test_a_delivery_is_gone_with_the_event_whose_transaction_is_rolled_back() -> None:
    order = an_order(client=a_client())
    with transaction.atomic(), locked_order(order.pk) as locked:
        record(locked, EventType.ORDER_HELD, actor="staff:1", key=unique())
        assert len(told(order)) == 2
        transaction.set_rollback(True)
    assert len(told(order)) == 1


def test_the_ids_of_deliveries_are_of_version_7_and_in_the_order_of_time() -> None:
    client = a_client(endpoints=3)
    ids = [row.pk for order in (an_order(client=client), an_order(client=client)) for row in order.deliveries.all()]
    assert {row.version for row in ids} == {7}
    assert len(set(ids)) == 6


def test_a_mail_that_no_event_causes_is_written_once_under_its_key(settings: Any) -> None:
    settings.MAILS = True
    order = an_order()
    first, again = (write_mail(order, template="access_code", about={"n": 1}, key="x") for _ in range(2))
    other = write_mail(order, template="access_code", about={"n": 1})
    assert first.pk == again.pk != other.pk
    assert (first.recipient, first.state, first.about) == ("customer", "pending", {"n": 1})


def test_what_was_sent_or_has_failed_waits_for_the_sender_again() -> None:
    row = write_mail(an_order(), template="access_code")
    Delivery.objects.filter(pk=row.pk).update(state="failed", last_error="no", give_up_at=row.created_at)
    again = send_again(row.pk)
    assert (again.state, again.last_error) == ("pending", "")
    assert again.give_up_at > row.give_up_at


def test_a_delivery_that_is_not_there_cannot_be_sent_again() -> None:
    with pytest.raises(DeliveryNotFound):
        send_again(uuid.uuid4())
