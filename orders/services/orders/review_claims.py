"""Claiming the review of an order, so that two people do not work on the same one."""

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
from orders.services.state.transition import locked_order

# Whoever went for lunch has it no longer.
LASTS = timedelta(minutes=10)


def claim(order_id: UUID, *, person: AbstractBaseUser, take_over: bool = False) -> ReviewClaim:
    """Claim the review of an order for some minutes; one's own claim is prolonged.

    A claim that is taken over from a colleague stands in the order's timeline.

    Raises:
        OrderNotFound: no order has this id.
        NotInReview: there is nothing to review.
        ClaimedByAnother: a colleague has it, and `take_over` is not set.
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
    """See that no colleague works on the order.

    Raises:
        ClaimedByAnother: one does.
    """
    held = ReviewClaim.objects.filter(order_id=order_id, ended_at=None, expires_at__gt=timezone.now()).first()
    if held and held.person_id != person.pk:
        raise ClaimedByAnother(f"{_name(held)} has claimed this order.")


def leave(order_id: UUID, *, person: AbstractBaseUser) -> None:
    """End one's own claim, if there is one."""
    ReviewClaim.objects.filter(order_id=order_id, person_id=person.pk, ended_at=None).update(ended_at=timezone.now())


def _open_claim(order: Order) -> ReviewClaim | None:
    return ReviewClaim.objects.filter(order=order, ended_at=None).first()


def _end(held: ReviewClaim, person: AbstractBaseUser, *, take_over: bool) -> None:
    """End a colleague's claim: one that has run out, or one that is taken over."""
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
