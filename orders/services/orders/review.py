"""Validation and review, before the charge."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from orders.actors import Actor
from orders.address import Address
from orders.lifecycle import EventType, Status, Waiting
from orders.models import BlockedCustomer, Command, Order, OrderItem, SkuLimit
from orders.review_rules import Aspect, codes, hits, merged
from orders.selectors.offers import carrier_for, level_exists
from orders.selectors.payments import method_is_usable
from orders.selectors.review import address_facts, review_facts, review_limits
from orders.services.state.transition import advance
from orders.services.state.unit_of_work import rows_of


def validate(order: Order, place: Command) -> str:
    """Validate a locked order: start its review, or mark it invalid with every reason.

    The review is ended by the timer, or by a person if the order hits a review rule.
    """
    reasons = faults(order)
    if not reasons:
        _start_review(order, EventType.ORDER_VALIDATED, "validated", place)
        return "The order was accepted."
    order.invalid_reasons = list(reasons.values())
    advance(
        order,
        EventType.VALIDATION_FAILED,
        actor=Actor.SYSTEM,
        key="validated",
        data={"codes": list(reasons)},
        command=place,
    )
    return "The order is invalid."


def faults(order: Order) -> dict[str, str]:
    """Why the order is invalid: a code and a sentence for each reason; empty if it is valid."""
    found: dict[str, str] = {}
    if order.address.country not in settings.COUNTRIES_SERVED:
        found["country_not_served"] = f"We do not ship to {order.address.country}."
    items = rows_of(order, OrderItem)
    limits = dict(SkuLimit.objects.filter(sku__in={item.sku for item in items}).values_list("sku", "max_quantity"))
    for sku in sorted({item.sku for item in items}):
        quantity = sum(item.quantity for item in items if item.sku == sku)
        limit = min(limits.get(sku, settings.MAX_QUANTITY), settings.MAX_QUANTITY)
        if quantity > limit:
            found[f"quantity_limit:{sku}"] = f"At most {limit} of {sku} can be ordered, not {quantity}."
    if is_blocked(order.customer_email):
        found["customer_blocked"] = "Orders from this customer are not accepted."
    if order.total and not method_is_usable(order.payment_method):
        found["payment_method_unusable"] = "The payment method cannot be used."
    weight = sum(item.weight * item.quantity for item in items)
    return found | _carrier_faults(order, weight)


def _carrier_faults(order: Order, weight: int) -> dict[str, str]:
    """Why no carrier takes the parcel."""
    level, country = order.service_level, order.address.country
    if not level_exists(level):
        return {"service_level_unknown": f"Unknown service level {level!r}."}
    if carrier_for(weight=weight, country=country, service_level=level):
        return {}
    if carrier_for(weight=0, country=country, service_level=level):
        return {"too_heavy": f"No carrier takes {weight / 1000:g} kg at service level {level}."}
    return {"no_carrier": f"No carrier goes to {country} at service level {level}."}


def is_blocked(email: str) -> bool:
    """Whether a blocked customer's address leads to the same mailbox as this one."""
    name, _, domain = mailbox_of(email).rpartition("@")
    rows = BlockedCustomer.objects.filter(email__istartswith=name, email__iendswith=f"@{domain}")
    return any(mailbox_of(blocked) == f"{name}@{domain}" for blocked in rows.values_list("email", flat=True))


def mailbox_of(email: str) -> str:
    """The address without what mail servers ignore: case, and a sub-address after `+`."""
    name, _, domain = email.strip().lower().rpartition("@")
    return f"{name.partition('+')[0] or name}@{domain}"


def approve(order: Order, command: Command) -> str:
    """End the review: the order is charged next, if there is anything to pay."""
    order.review_approved = True
    advance(
        order,
        EventType.REVIEW_APPROVED,
        to=Status.CHARGING if order.total else Status.PAID,
        actor=command.actor,
        key=f"approved:{command.id}",
        command=command,
    )
    return "The order was approved."


def reject(order: Order, command: Command) -> str:
    """End the review and the order, before any charge."""
    advance(order, EventType.REVIEW_REJECTED, actor=command.actor, key=f"rejected:{command.id}", command=command)
    return "The order was rejected; nothing was charged."


def start_review_again(order: Order, command: Command) -> None:
    """Return an order to review that left it without approval."""
    _start_review(order, EventType.PAYMENT_RETRIED, f"retried:{command.id}", command)


def judge_changed_address(order: Order, *, before: Address) -> list[str]:
    """Apply the review rules on addresses to a locked order; returns the rules it hits.

    An order in review then waits for a person. The caller records the event, and holds an order whose review is over.
    """
    limits = review_limits()
    found = hits(address_facts(order, limits, before=before), limits, only=Aspect.ADDRESS)
    order.review_hits = merged(order.review_hits, found)
    if found and order.status == Status.IN_REVIEW:
        order.waiting_for, order.deadline, order.review_seconds_left = Waiting.REVIEWER, None, None
    return found


def _start_review(order: Order, event: EventType, key: str, command: Command) -> None:
    seconds = settings.MANUAL_REVIEW_TIMEOUT
    limits = review_limits()
    order.review_hits = merged(order.review_hits, hits(review_facts(order, limits), limits))
    by_timer = not order.review_hits
    order.review_seconds_left = seconds if order.held and by_timer else None
    advance(
        order,
        event,
        to=Status.IN_REVIEW,
        waiting=Waiting.REVIEW if by_timer else Waiting.REVIEWER,
        actor=Actor.SYSTEM if event is EventType.ORDER_VALIDATED else command.actor,
        key=key,
        deadline=timezone.now() + timedelta(seconds=seconds) if by_timer and not order.held else None,
        data={"codes": codes(order.review_hits)} if order.review_hits else None,
        command=command,
    )
