"""The columns of the list of orders."""

from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from orders.admin.declared import DeclaredChangeList
from orders.admin.durations import age, time_left
from orders.lifecycle import Status, Waiting
from orders.models import Order
from orders.selectors.searching import addresses_changed, refunds_pending

WAITING = {
    Waiting.REVIEWER: "a person",
    Waiting.PAYMENT: "the payment gateway",
    Waiting.PAYMENT_RETURN: "its payment to be taken back",
    Waiting.NEW_PAYMENT: "a new payment",
    Waiting.LABEL: "its label",
    Waiting.HANDOVER: "hand-over to the carrier",
    Waiting.SHIPPING_DECISION: "a decision how to ship it",
    Waiting.CANCELLATION: "its cancellation to be finished",
}


class OrderChangeList(DeclaredChangeList):
    """The stock list; what the badges tell is looked up for the page as a whole, however many orders stand on it."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, and mark its orders."""
        super().get_results(request)
        orders: list[Order] = list(self.result_list)
        keys = [order.pk for order in orders]
        refunded, moved = refunds_pending(keys), addresses_changed(keys)
        for order in orders:
            order.marks = [  # type: ignore[attr-defined] # for this page alone
                *(["refund pending"] if order.pk in refunded else []),
                *(["address changed"] if order.pk in moved else []),
            ]
        self.result_list = orders


def waiting_in_words(waiting: str) -> str:
    """What an order waits for, as a person says it."""
    return WAITING.get(Waiting(waiting)) or Waiting(waiting).replace("_", " ")


def why_waiting(order: Order) -> str:
    """What this order waits for; where a rule sent it to a person, why."""
    words = waiting_in_words(order.waiting_for)
    return f"{words}: {order.review_reasons}" if order.waiting_for == Waiting.REVIEWER else words


def status_badge(order: Order) -> str:
    """The status, with a colour beside its words."""
    return format_html('<span class="ol-status ol-{}">{}</span>', order.status, Status(order.status).in_words)


def waiting_cell(order: Order) -> str:
    """What the order waits for and until when."""
    if not order.waiting_for:
        return "–"
    if order.deadline is None:
        return why_waiting(order)
    return format_html(
        '{}<br><time class="ol-quiet" datetime="{}">{}</time>',
        why_waiting(order),
        order.deadline.isoformat(),
        time_left(order.deadline),
    )


def age_cell(order: Order) -> str:
    """How long ago the order was placed; the moment itself on hovering."""
    placed = timezone.localtime(order.created_at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        placed.isoformat(),
        placed.strftime("%Y-%m-%d %H:%M:%S %Z"),
        age(placed),
    )


def badges(order: Order) -> str:
    """What is out of the ordinary."""
    flags = [
        *([("ol-made-up", "made up")] if order.made_up else []),
        *([("ol-bad", "needs attention")] if order.needs_attention else []),
        *([("ol-warn", "held")] if order.held else []),
        *(("ol-info", mark) for mark in getattr(order, "marks", [])),
    ]
    return format_html_join(" ", '<span class="ol-badge {}">{}</span>', flags)
