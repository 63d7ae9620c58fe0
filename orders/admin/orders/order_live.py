"""How an order's page follows the order: how often it asks for news, and what counts as news."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from orders.admin.orders.order_steps import StepRow
from orders.lifecycle import Status
from orders.selectors.backoffice import OrderView
from orders.selectors.eligibility import asks_outside
from orders.selectors.timeline import Entry

# How often a page asks while something is in flight, and while the order stands still until somebody decides.
SOON_SECONDS = 2
LATER_SECONDS = 15
# What has been in flight for longer than this is not waited for at the same pace.
FRESH = timedelta(minutes=2)
MOVING = frozenset({Status.RECEIVED, Status.CHARGING, Status.PAID, Status.PICKING, Status.PACKED, Status.CANCELLING})


def pace(view: OrderView) -> int | None:
    """After how many seconds the page asks again; None: nothing is in flight and nothing is open."""
    order, now = view.order, timezone.now()
    in_flight = bool(view.unsettled) or asks_outside(order)
    if order.made_up or (order.is_final and not in_flight and not view.matters):
        return None
    stirred = max([order.updated_at, *(command.created_at for command in view.unsettled)])
    moves = in_flight or (order.status in MOVING and not order.held)
    due = order.deadline is not None and order.deadline - now < FRESH
    return SOON_SECONDS if due or (moves and now - stirred < FRESH) else LATER_SECONDS


def version_of(view: OrderView, steps: Sequence[StepRow], entries: Sequence[Entry]) -> str:
    """Changes whenever the page has something new to show; that time passes is nothing new."""
    order = view.order
    facts = (
        (order.event_seq, order.command_seq, order.updated_at, len(entries)),
        [(command.pk, command.state, command.last_error) for command in view.unsettled],
        view.matters,
        [row.pk for row in view.discrepancies],
        [(row.pk, row.state) for row, _ in view.ledger.checkouts],
        [(step.sentence, step.last_error, step.due) for step in steps],
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
