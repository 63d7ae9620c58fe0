"""Writes deliveries in the transaction of the event that causes them; lets staff send one again."""

from collections.abc import Mapping
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders import ids
from orders.errors import DeliveryNotFound
from orders.lifecycle import EventType
from orders.mails import CAUSED_BY, NO_MAILS, Mail
from orders.models import Delivery, Event, Order
from orders.models.deliveries import GIVE_UP_AFTER
from orders.selectors.eligibility import MADE_UP
from orders.services.state.unit_of_work import insert_select, save
from orders.services.state.write_statement import InsertSelect

Value = str | int | bool | None
CUSTOMER = "customer"

# One row for each endpoint of the order's client. The ids are UUIDv7: the timestamp of one made here, and random bits
# of the database.
FOR_ENDPOINTS = """
INSERT INTO deliveries (id, order_id, event_id, endpoint_id, channel, recipient, template, about, key, seq, state,
    attempts, last_error, created_at, available_at, give_up_at)
SELECT overlay(gen_random_uuid()::text placing %s::text from 1 for 15)::uuid, %s::uuid, %s::uuid, id, 'webhook',
    id::text, '', '{}', '', %s::int, 'pending', 0, '', %s::timestamptz, %s::timestamptz, %s::timestamptz
FROM webhook_endpoints WHERE client_id = %s::uuid AND state = 'active'
"""
# The e-mail to the customer, unless the shop has switched it off.
FOR_CUSTOMER = """
INSERT INTO deliveries (id, order_id, event_id, channel, recipient, template, about, key, seq, state, attempts,
    last_error, created_at, available_at, give_up_at)
SELECT %s::uuid, %s::uuid, %s::uuid, 'mail', 'customer', %s::text, '{}', '', %s::int, 'pending', 0, '',
    %s::timestamptz, %s::timestamptz, %s::timestamptz
WHERE NOT EXISTS (SELECT FROM api_clients WHERE id = %s::uuid AND mails_off ? %s::text)
"""


def write_deliveries(order: Order, event: Event) -> None:
    """Write the deliveries of an event, in its transaction: webhook calls to shops, and for some events an e-mail."""
    if order.made_up:
        return
    now = event.created_at
    times = (now, now, now + GIVE_UP_AFTER)
    if order.client_id is not None:
        moment = str(ids.uuid7())[:15]
        insert_select(InsertSelect(FOR_ENDPOINTS, (moment, order.pk, event.pk, event.seq, *times, order.client_id)))
    mail = CAUSED_BY.get(EventType(event.type)) if settings.MAILS else None
    if mail is Mail.DELIVERED and order.is_split and not order.is_final:
        mail = None  # of a split order, other parcels are still to come
    if mail is not None:
        about = (ids.uuid7(), order.pk, event.pk, mail, event.seq, *times)
        insert_select(InsertSelect(FOR_CUSTOMER, (*about, order.client_id, mail)))


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
        save(row)
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
