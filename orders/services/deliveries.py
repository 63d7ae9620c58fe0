"""Deliveries: written with the event that causes them, in its transaction; sent again by staff."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from orders import ids
from orders.errors import DeliveryNotFound
from orders.models import Delivery, Event, Order

Value = str | int | bool | None
CUSTOMER = "customer"

# For so long a delivery is tried; then it has failed, and a person may send it again.
TRIED_FOR = timedelta(days=3)

# One row for each endpoint of the order's client. The ids are of version 7: the beginning of one that was made here,
# and random bits of the database's own.
FOR_ENDPOINTS = """
INSERT INTO deliveries (id, order_id, event_id, endpoint_id, channel, recipient, template, about, key, seq, state,
    attempts, last_error, created_at, available_at, give_up_at)
SELECT overlay(gen_random_uuid()::text placing %(moment)s from 1 for 15)::uuid, %(order)s, %(event)s, id, 'webhook',
    id::text, '', '{}', '', %(seq)s, 'pending', 0, '', %(now)s, %(now)s, %(give_up_at)s
FROM webhook_endpoints WHERE client_id = %(client)s AND state = 'active'
"""


def write_deliveries(order: Order, event: Event) -> None:
    """Write down who is to be told of this event, in its transaction. An order of no client costs nothing."""
    if order.client_id is None:
        return
    values: dict[str, str | int | UUID | datetime] = {
        "moment": str(ids.uuid7())[:15],
        "order": order.pk,
        "event": event.pk,
        "client": order.client_id,
        "seq": event.seq,
        "now": event.created_at,
        "give_up_at": event.created_at + TRIED_FOR,
    }
    with connection.cursor() as cursor:
        cursor.execute(FOR_ENDPOINTS, values)


def write_mail(order: Order, *, template: str, about: Mapping[str, Value] | None = None, key: str = "") -> Delivery:
    """Write down a mail to the order's customer that no event causes, such as an access code; the sender sends it.

    What it says is made when it is sent, from the order, `about` and the templates `templates/email/<template>.*`: no
    address and no secret belongs into `about`. With a `key` the mail is written once for the order, however often this
    is called; the row that was written first is returned.
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
        give_up_at=now + TRIED_FOR,
    )
    if not key:
        row.save(force_insert=True)
        return row
    Delivery.objects.bulk_create([row], ignore_conflicts=True)
    return Delivery.objects.get(order=order, template=template, key=key)


def send_again(delivery_id: UUID) -> Delivery:
    """Let the sender take a delivery once more, at once and for as long as a new one, whatever became of it.

    Raises:
        DeliveryNotFound: there is none with this id.
    """
    now = timezone.now()
    rows = Delivery.objects.filter(pk=delivery_id)
    rows.update(state=Delivery.State.PENDING, available_at=now, give_up_at=now + TRIED_FOR, last_error="")
    found = rows.first()
    if found is None:
        raise DeliveryNotFound(f"There is no delivery {delivery_id}.")
    return found
