"""Payment discrepancies that a person has looked into."""

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from orders.errors import AlreadyResolved, DiscrepancyNotFound, NoteRefused
from orders.models import PaymentDiscrepancy
from orders.selectors.timeline import name_of

State = PaymentDiscrepancy.State
MAX_NOTE = 500


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
