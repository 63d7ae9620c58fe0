"""The consequences of each action on a return, as its page tells them."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings

from orders.admin.durations import brief
from orders.admin.orders.consequence_text import Consequences
from orders.commands import Kind
from orders.selectors.backoffice import OrderView


def _request(_view: OrderView) -> Consequences:
    window = brief(timedelta(seconds=settings.RETURN_DECISION_WINDOW))
    return Consequences(
        button="Create return",
        will=[f"A return will be created for the customer. It must be approved or refused within {window}."],
        will_not=["Nothing is refunded before the parcel arrives.", "The order status does not change."],
    )


def _approve(_view: OrderView) -> Consequences:
    window = brief(timedelta(seconds=settings.RETURN_ARRIVAL_WINDOW))
    return Consequences(
        button="Approve return",
        will=[
            "The customer will be asked to send the parcel.",
            f"If it does not arrive within {window}, the return expires and nothing is refunded.",
        ],
        will_not=["Nothing is refunded before the parcel arrives.", *_missing()],
    )


def _missing() -> list[str]:
    return (
        [] if settings.RETURN_ADDRESS else ["The customer is not given an address, because RETURN_ADDRESS is not set."]
    )


def _refuse(_view: OrderView) -> Consequences:
    return Consequences(
        button="Refuse return",
        will=["The return will be refused. This cannot be undone.", "The customer will see the reason."],
        will_not=["No money moves.", "The customer can request another return within the return window."],
    )


def _receive(_view: OrderView) -> Consequences:
    return Consequences(
        button="Receive and refund",
        will=[
            "The price paid for the received items will be refunded to the original payment method.",
            "This includes their share of tax and discount.",
            "Shipping is refunded with the last item of the order.",
        ],
        will_not=["Items that did not arrive are not refunded. The customer can request another return for them."],
    )


RETURN_CONSEQUENCES: dict[Kind, Callable[[OrderView], Consequences]] = {
    Kind.REQUEST_RETURN: _request,
    Kind.APPROVE_RETURN: _approve,
    Kind.REFUSE_RETURN: _refuse,
    Kind.RECEIVE_RETURN: _receive,
}
