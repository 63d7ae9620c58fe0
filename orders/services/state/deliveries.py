"""Writes deliveries in the transaction of the event that causes them; lets staff send one again."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from orders import ids
from orders.errors import DeliveryNotFound
from orders.lifecycle import EventType
from orders.mails import CAUSED_BY, NO_MAILS
from orders.models import Delivery, Event, Order
from orders.models.deliveries import GIVE_UP_AFTER
from orders.selectors.eligibility import MADE_UP

Value = str | int | bool | None
CUSTOMER = "customer"

# One row for each endpoint of the order's client. The ids are UUIDv7: the timestamp of one made here, and random bits
# of the database.
FOR_ENDPOINTS = """
INSERT INTO deliveries (id, order_id, event_id, endpoint_id, channel, recipient, template, about, key, seq, state,
    attempts, last_error, created_at, available_at, give_up_at)
SELECT overlay(gen_random_uuid()::text placing %(moment)s from 1 for 15)::uuid, %(order)s, %(event)s, id, 'webhook',
    id::text, '', '{}', '', %(seq)s, 'pending', 0, '', %(now)s, %(now)s, %(give_up_at)s
FROM webhook_endpoints WHERE client_id = %(client)s AND state = 'active'
"""


# The e-mail to the customer, unless the shop has switched it off.
FOR_CUSTOMER = """
INSERT INTO deliveries (id, order_id, event_id, channel, recipient, template, about, key, seq, state, attempts,
    last_error, created_at, available_at, give_up_at)
SELECT %(id)s, %(order)s, %(event)s, 'mail', 'customer', %(mail)s, '{}', '', %(seq)s, 'pending', 0, '', %(now)s,
    %(now)s, %(give_up_at)s
WHERE NOT EXISTS (SELECT 1 FROM api_clients WHERE id = %(client)s AND mails_off ? %(mail)s)
"""


def write_deliveries(order: Order, event: Event) -> None:
    """Write the deliveries of an event, in its transaction: webhook calls to shops, and for some events an e-mail."""
    if order.made_up:
        return
    mail = CAUSED_BY.get(EventType(event.type)) if settings.MAILS else None
    if order.client_id is None and mail is None:
        return
    values: dict[str, str | int | UUID | datetime | None] = {
        "id": ids.uuid7(),
        "moment": str(ids.uuid7())[:15],
        "mail": mail,
        "order": order.pk,
        "event": event.pk,
        "client": order.client_id,
        "seq": event.seq,
        "now": event.created_at,
        "give_up_at": event.created_at + GIVE_UP_AFTER,
    }
    with connection.cursor() as cursor:
        if order.client_id is not None:
            cursor.execute(FOR_ENDPOINTS, values)
        if mail is not None:
            cursor.execute(FOR_CUSTOMER, values)


def write_mail(order: Order, *, template: str, about: Mapping[str, Value] | None = None, key: str = "") -> Delivery:
    """Write an e-mail to the order's customer that no event causes, such as an access code.

    `template` is a value of `orders/mails.py`. The content is rendered when it is sent, from the order and `about`,
    which may hold no address and no secret. With a `key` the e-mail is written once per order: later calls return the
    first row. Where no e-mails are sent, and for a made-up order, the row is written as failed, for staff to see.
    """
    now = timezone.now()
    row = Delivery(
        order=order,
        channel=Delivery.Channel.MAIL,
        recipient=CUSTOMER,
        template=template,
        about=dict(about or {}),
        key=key,
        created_at=now,
        available_at=now,
        give_up_at=now + GIVE_UP_AFTER,
    )
    if not settings.MAILS or order.made_up:
        row.state, row.last_error = Delivery.State.FAILED, MADE_UP if order.made_up else NO_MAILS
    if not key:
        row.save(force_insert=True)
        return row
    Delivery.objects.bulk_create([row], ignore_conflicts=True)
    return Delivery.objects.get(order=order, template=template, key=key)


def send_again(delivery_id: UUID) -> Delivery:
    """Schedule a delivery again, at once and for as long as a new one, whatever its state.

    A delivery of a made-up order is left alone.

    Raises:
        DeliveryNotFound: there is none with this id.
    """
    now = timezone.now()
    rows = Delivery.objects.filter(pk=delivery_id)
    rows.exclude(order__made_up=True).update(
        state=Delivery.State.PENDING, available_at=now, give_up_at=now + GIVE_UP_AFTER, last_error=""
    )
    found = rows.first()
    if found is None:
        raise DeliveryNotFound(f"There is no delivery {delivery_id}.")
    return found
