"""Review claims, so that two people do not review the same order."""

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from orders import ids
from orders.actors import Actor
from orders.errors import ClaimedByAnother, NotInReview
from orders.lifecycle import Status
from orders.models import Order, ReviewClaim
from orders.selectors.timeline import names_of
from orders.services.orders.notes import add_note
from orders.services.state.unit_of_work import locked_order

# A claim expires, in case the reviewer has left.
LASTS = timedelta(minutes=10)


def claim(order_id: UUID, *, person: AbstractBaseUser, take_over: bool = False) -> ReviewClaim:
    """Claim the review of an order for some minutes, or extend one's own claim.

    Taking over a colleague's claim is recorded as an event.

    Raises:
        OrderNotFound: no order has this id.
        NotInReview: the order is not in review.
        ClaimedByAnother: a colleague has claimed it, and `take_over` is not set.
    """
    now = timezone.now()
    with locked_order(order_id) as order:
        if order.status != Status.IN_REVIEW:
            raise NotInReview(f"The order is {Status(order.status).in_words}. There is nothing to review.")
        held = _open_claim(order)
        if held and held.person_id == person.pk:
            held.expires_at = now + LASTS
            held.save_changes()
            return held
        if held:
            _end(held, person, take_over=take_over)
        return ReviewClaim.objects.create(order=order, person_id=person.pk, claimed_at=now, expires_at=now + LASTS)


def check_claim(order_id: UUID, *, person: AbstractBaseUser) -> None:
    """Check that no colleague has claimed the order.

    Raises:
        ClaimedByAnother: a colleague has.
    """
    held = ReviewClaim.objects.filter(order_id=order_id, ended_at=None, expires_at__gt=timezone.now()).first()
    if held and held.person_id != person.pk:
        raise ClaimedByAnother(f"{_name(held)} has claimed this order.")


def leave(order_id: UUID, *, person: AbstractBaseUser) -> None:
    ReviewClaim.objects.filter(order_id=order_id, person_id=person.pk, ended_at=None).update(ended_at=timezone.now())


def _open_claim(order: Order) -> ReviewClaim | None:
    return ReviewClaim.objects.filter(order=order, ended_at=None).first()


def _end(held: ReviewClaim, person: AbstractBaseUser, *, take_over: bool) -> None:
    """End a colleague's claim that has expired or is taken over."""
    now = timezone.now()
    runs = held.expires_at > now
    if runs and not take_over:
        raise ClaimedByAnother(f"{_name(held)} has claimed this order.")
    held.ended_at = now
    held.taken_over_by_id = person.pk if runs else None
    held.save_changes()
    if runs:
        add_note(held.order_id, author=person, text=f"Took over the review from {_name(held)}.", note_id=ids.uuid7())


def _name(held: ReviewClaim) -> str:
    actor = Actor.STAFF.named(held.person_id)
    return names_of([actor])[actor]
