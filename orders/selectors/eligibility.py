"""Whether an order accepts a command where it stands, and the sentence that says why not."""

from orders.commands import RULES, Kind, accepted_in
from orders.lifecycle import Status
from orders.models import Order

MADE_UP = "This order is made up (manage.py seed_orders): no worker carries it, and nothing can be asked of it."


def refusal(order: Order, kind: Kind) -> str:
    """Why the order does not accept this kind of command; empty if it does."""
    return refusal_in(Status(order.status), kind, made_up=order.made_up)


def refusal_in(status: Status, kind: Kind, *, made_up: bool = False) -> str:
    """The same, where the order itself was not read."""
    if made_up:
        return MADE_UP
    rule = RULES[kind]
    return "" if status in rule.statuses else f"An order that is {status.in_words} cannot be {rule.verb}."


def accepted_by(order: Order) -> list[Kind]:
    """The kinds of command that the order accepts, in the order of the table."""
    return [] if order.made_up else accepted_in(Status(order.status))
