"""What an action on a return will do, and what it will not, in the words of its page."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings

from orders.admin.consequence_text import Consequences
from orders.admin.durations import brief
from orders.commands import Kind
from orders.selectors.backoffice import OrderView


def _request(_view: OrderView) -> Consequences:
    window = brief(timedelta(seconds=settings.RETURN_DECISION_WINDOW))
    return Consequences(
        button="Ask for the return",
        will=[f"A return is written down for the customer. It waits for a decision, for {window}."],
        will_not=["Nothing is refunded before the parcel has come.", "The order stays delivered."],
    )


def _approve(_view: OrderView) -> Consequences:
    window = brief(timedelta(seconds=settings.RETURN_ARRIVAL_WINDOW))
    return Consequences(
        button="Approve the return",
        will=[
            "The customer is asked to send the parcel.",
            f"It may take {window}; then the return expires and nothing is refunded.",
        ],
        will_not=["Nothing is refunded before the parcel has come.", *_missing()],
    )


def _missing() -> list[str]:
    return [] if settings.RETURN_ADDRESS else ["The customer is told no address: RETURN_ADDRESS is not set."]


def _refuse(_view: OrderView) -> Consequences:
    return Consequences(
        button="Refuse the return",
        will=["The return ends as refused, and the customer reads why. This cannot be undone."],
        will_not=["No money moves.", "The customer may ask for another return while there is time for it."],
    )


def _receive(_view: OrderView) -> Consequences:
    return Consequences(
        button="Receive and refund",
        will=[
            "What was paid for the pieces that came goes back to the payment method that was charged.",
            "Their share of tax and discount counts.",
            "With the last piece of the order goes back what was paid for shipping.",
        ],
        will_not=["Pieces that did not come are not refunded; the customer may ask to return them again."],
    )


TELL_OF_RETURNS: dict[Kind, Callable[[OrderView], Consequences]] = {
    Kind.REQUEST_RETURN: _request,
    Kind.APPROVE_RETURN: _approve,
    Kind.REFUSE_RETURN: _refuse,
    Kind.RECEIVE_RETURN: _receive,
}
