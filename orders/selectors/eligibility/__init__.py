"""Eligibility: whether an order accepts a command, and why not; for every interface, and again under the lock.

`refusal` is the one function that decides. Without arguments it says what an interface may offer; with them, whether
the command is refused. The service that settles a command asks again under the order's lock; the function that
applies it has effects only. Conditions other than the order's status are in `checks.py`, one table by kind of
command.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from django.utils import timezone

from orders.actors import parse_actor
from orders.commands import RULES, Kind
from orders.lifecycle import IN_FULFILMENT, Status, Waiting
from orders.models import Command, Order, Payment, Refund, Shipment
from orders.selectors.eligibility.checks import CHECKS
from orders.selectors.eligibility.context import CommandContext
from orders.selectors.shipments import current_shipments, shipment_named, status_of

MADE_UP = "This is a made-up order (manage.py seed_orders). It is not processed and accepts no commands."
ASKED_ALREADY = "This was already requested and is still in progress."
# Where an order stands once this kind of command was applied.
ALREADY = {
    Kind.CANCEL: (Status.CANCELLING, Status.CANCELLED),
    Kind.REJECT: (Status.REJECTED,),
    Kind.PACK: (Status.PACKED,),
    Kind.SHIP: (Status.SHIPPED,),
    Kind.DELIVER: (Status.DELIVERED,),
}
CANCEL_ASKED = "A cancellation was already requested and is still in progress."


def refusal(
    order: Order,
    kind: Kind,
    args: Mapping[str, object] | None = None,
    *,
    actor: str = "",
    reason: str = "",
) -> str:
    """Why the order does not accept this kind of command now; empty if it does.

    Without `args`, what forbids the command whatever its arguments; without `actor`, whoever sends it.
    """
    context = CommandContext(args=args, actor=actor, reason=reason, at=timezone.now(), command_id=None)
    return _refusal(order, kind, context)


def command_refusal(order: Order, command: Command) -> str:
    """Why the order does not accept this command with its arguments; empty if it does."""
    return _refusal(order, Kind(command.kind), _asked_by(command))


def refusal_at_once(order: Order, command: Command) -> str:
    """Why a command can be rejected before it is delivered; empty if it must be delivered.

    Reasons other than its form and the order's status may no longer hold once an earlier command is settled.
    """
    kind, context = Kind(command.kind), _asked_by(command)
    if why := _refusal(order, kind, context, general=True):
        return why
    why = _refusal(order, kind, context)
    earlier = order.commands.filter(settled_at=None).exclude(kind=Kind.PLACE).exclude(pk=command.pk)
    return "" if why and earlier.exists() else why


def refusal_in(status: Status, kind: Kind, *, made_up: bool = False, of: str = "order") -> str:
    """What the status alone forbids, without reading the order; `of` is what has it."""
    if made_up:
        return MADE_UP
    rule = RULES[kind]
    if status in rule.statuses:
        return ""
    if status in ALREADY.get(kind, ()):
        being = "being cancelled" if status is Status.CANCELLING else status.in_words
        return f"This {of} is already {being}."
    article = "An" if of == "order" else "A"
    return f"{article} {of} with the status “{status.in_words}” cannot {rule.verb}."


def refusal_to_offer(order: Order, kind: Kind, *, actor: str, open_kinds: Collection[str]) -> str:
    """Why an interface does not offer this kind of command to the actor; `open_kinds` are unsettled already."""
    if why := refusal(order, kind, actor=actor):
        return why
    if kind in open_kinds:
        return ASKED_ALREADY
    if Kind.CANCEL in open_kinds and Status.CANCELLING not in RULES[kind].statuses:
        return CANCEL_ASKED
    return "" if kind is not Kind.RETRY_STEP or asks_outside(order) else "No step is waiting for a retry."


def accepted_by(order: Order, actor: str, *, open_kinds: Collection[str]) -> list[Kind]:
    """The kinds of command that every interface offers to the actor, in the order of the table."""
    kinds = (kind for kind in RULES if kind is not Kind.PLACE)
    return [kind for kind in kinds if not refusal_to_offer(order, kind, actor=actor, open_kinds=open_kinds)]


def shipments_accepting(order: Order, kind: Kind, *, actor: str) -> list[Shipment]:
    """The shipments of a split order for which the actor may issue this kind of command."""
    context = CommandContext(args=None, actor=actor, reason="", at=timezone.now(), command_id=None)
    found = current_shipments(order).values()
    return [one for one in found if not _refusal_for(order, kind, replace(context, shipment=one), general=False)]


def asks_outside(order: Order) -> bool:
    """Whether an outside system may be being called: then a step may wait for its next attempt."""
    undoing = order.status == Status.CANCELLING or order.waiting_for == Waiting.PAYMENT_RETURN
    refunds = [refund for payment in order.payments.all() for refund in payment.refunds.all()]
    return not order.made_up and (
        (undoing and not order.needs_attention)
        or order.waiting_for == Waiting.CAPTURE
        or any(payment.state == Payment.State.PENDING for payment in order.payments.all())
        or any(refund.state == Refund.State.PENDING for refund in refunds)
        or any(parcel.state == Shipment.State.BOOKING for parcel in order.shipments.all())
    )


def _asked_by(command: Command) -> CommandContext:
    return CommandContext(
        args=command.args,
        actor=command.actor,
        reason=command.reason,
        at=command.created_at,
        command_id=command.pk,
    )


def _refusal(order: Order, kind: Kind, context: CommandContext, *, general: bool = False) -> str:
    """With `general`, only what can forbid any kind of command."""
    rule = RULES.get(kind)
    if rule is None or not rule.of_shipment:
        return _refusal_for(order, kind, context, general=general)
    try:
        named = _shipments_meant(order, context)
    except ValueError as error:
        return str(error)
    whys = [_refusal_for(order, kind, replace(context, shipment=one), general=general) for one in named]
    return whys[-1] if all(whys) else ""


def _shipments_meant(order: Order, context: CommandContext) -> list[Shipment | None]:
    """The shipment that the arguments name; without arguments, each.

    Raises:
        ValueError: as `shipment_named`.
    """
    if context.args is not None:
        return [shipment_named(order, context.args)] if order.status in IN_FULFILMENT else [None]
    return list(current_shipments(order).values()) or [None] if order.is_split else [None]


def _refusal_for(order: Order, kind: Kind, context: CommandContext, *, general: bool) -> str:
    why = _general_refusal(order, kind, context)
    return why if why or general else _special_refusal(order, kind, context)


def _general_refusal(order: Order, kind: Kind, context: CommandContext) -> str:
    """What can forbid any kind of command: its actor, missing arguments, the order's status, who fulfils it."""
    rule, who = RULES.get(kind), parse_actor(context.actor)[0]
    if rule is None:
        return "Unknown command."
    if context.actor and who not in rule.actors:
        return f"The actor {who or context.actor} may not issue this command."
    if context.args is not None and (missing := [name for name in rule.arguments if not context.args.get(name)]):
        return f"The command needs {' and '.join(missing)}."
    status, of = status_of(order, context.shipment), "shipment" if context.shipment else "order"
    if why := refusal_in(status, kind, made_up=order.made_up, of=of):
        return why
    if rule.by_hand and not order.is_fulfilled_by_people:
        return "This order is fulfilled automatically. There is nothing to confirm."
    return "The order is on hold." if rule.by_hand and order.held else ""


def _special_refusal(order: Order, kind: Kind, context: CommandContext) -> str:
    """What forbids this kind of command only."""
    return next(filter(None, (check(order, context) for check in CHECKS.get(kind, ()))), "")
