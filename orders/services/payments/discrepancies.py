"""Payment discrepancies: found outside the reconciliation, and resolved by a person."""

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from orders.actors import Actor
from orders.errors import AlreadyResolved, DiscrepancyNotFound, NoteRefused
from orders.lifecycle import EventType
from orders.models import Order, Payment, PaymentDiscrepancy
from orders.selectors.timeline import name_of
from orders.services.state.transition import Data, record

State = PaymentDiscrepancy.State
MAX_NOTE = 500


def open_discrepancy(
    order: Order,
    kind: PaymentDiscrepancy.Kind,
    *,
    gateway: str,
    reference: str,
    found: int,
    expected: int = 0,
    payment: Payment | None = None,
) -> None:
    """Leave a difference of a locked order to finance staff, with an event; once, however often it is found.

    `expected` and `found` are in minor units of the order's currency.
    """
    now = timezone.now()
    row, is_new = PaymentDiscrepancy.objects.get_or_create(
        kind=kind,
        gateway=gateway,
        reference=reference,
        expected=expected,
        found=found,
        defaults={
            "payment": payment,
            "order": order,
            "currency": order.currency,
            "found_at": now,
            "last_found_at": now,
        },
    )
    if is_new:
        record_discrepancy(order, row)


def record_discrepancy(order: Order, row: PaymentDiscrepancy) -> None:
    """The event of a discrepancy, in its locked order."""
    data: Data = {
        "kind": row.kind,
        "expected": row.expected,
        "found": row.found,
        "currency": row.currency,
        "reference": row.reference,
    }
    record(order, EventType.PAYMENT_DISCREPANCY, actor=Actor.GATEWAY, key=f"discrepancy:{row.pk}", data=data)


def resolve_discrepancy(pk: UUID, *, note: str, person: AbstractBaseUser) -> PaymentDiscrepancy:
    """Mark an open discrepancy as resolved; `note` says what was done.

    Raises:
        DiscrepancyNotFound: no discrepancy has this id.
        AlreadyResolved: it is not open any more.
        NoteRefused: the note is empty or has more than `MAX_NOTE` characters.
    """
    note = note.strip()
    with transaction.atomic():
        row = PaymentDiscrepancy.objects.select_for_update().filter(pk=pk).first()
        if row is None:
            raise DiscrepancyNotFound(f"There is no payment discrepancy with the id {pk}.")
        if row.state != State.OPEN:
            raise AlreadyResolved(_first(row))
        if not 0 < len(note) <= MAX_NOTE:
            raise NoteRefused(f"Say what was done, in at most {MAX_NOTE} characters.")
        row.state, row.resolved_at, row.resolved_by_id, row.note = State.RESOLVED, timezone.now(), person.pk, note
        row.save_changes()
    return row


def _first(row: PaymentDiscrepancy) -> str:
    if row.resolved_at is None:
        return "The reconciliation has already repaired this."
    at = timezone.localtime(row.resolved_at)
    return f"{name_of(row.resolved_by)} already resolved this at {at:%Y-%m-%d %H:%M:%S %Z}."
