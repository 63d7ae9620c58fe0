"""Following an order in the terminal: its events as they come, and what it waits for."""

import time
from collections.abc import Callable

from orders.lifecycle import Status
from orders.models import Order
from orders.selectors.orders import events_after, order_by_id

LOOK_SECONDS = 0.1
Write = Callable[[str], object]


def follow(order: Order, write: Write, *, after: int = 0, seconds: float | None = None) -> Order:
    """Write every event after `after` as it happens, until the order is final or `seconds` are over; the order then."""
    until = None if seconds is None else time.monotonic() + seconds
    waiting = ""
    while True:
        current = order_by_id(order.pk)
        for event in events_after(current, after):
            write(f"{event.created_at:%H:%M:%S}  {event.type:<24} {Status(event.status).in_words:<17} {event.actor}")
            after, waiting = event.seq, ""
        if current.is_final or (until is not None and time.monotonic() > until):
            return current
        if current.waiting_for and current.waiting_for != waiting:
            waiting = current.waiting_for
            write(f"          {_waits(current)}")
        time.sleep(LOOK_SECONDS)


def outcome(order: Order) -> str:
    """How an order ended, or where it stands, in a line."""
    text = f"{order.code} ({order.pk}) is {Status(order.status).in_words}."
    return text + "".join(f" {reason}" for reason in order.invalid_reasons)


def _waits(order: Order) -> str:
    text = f"waits for {order.waiting_for.replace('_', ' ')}"
    if order.deadline:
        text += f" until {order.deadline:%Y-%m-%d %H:%M:%S} UTC"
    if order.held:
        text += ", held"
    if order.needs_attention:
        text += f"; {order.attention_reason}"
    return text
