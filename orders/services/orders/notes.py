"""Notes of staff on an order."""

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser

from orders.errors import OrderNotFound
from orders.models import Note, Order


def add_note(order_id: UUID, *, author: AbstractBaseUser, text: str, note_id: UUID) -> Note:
    """Add a note. Called again with its id, it returns the note that was written first.

    Raises:
        OrderNotFound: no order has this id.
    """
    if not Order.objects.filter(pk=order_id).exists():
        raise OrderNotFound(f"There is no order {order_id}.")
    note, _ = Note.objects.get_or_create(
        pk=note_id, defaults={"order_id": order_id, "author_id": author.pk, "text": text.strip()}
    )
    return note
