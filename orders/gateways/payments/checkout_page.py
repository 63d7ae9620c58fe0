"""What the page of a hosted checkout needs where we serve it ourselves, for a gateway that has none."""

from enum import StrEnum
from typing import Protocol

from orders.gateways.payments.protocol import Checkout, CheckoutRequest, GatewayPayment


class OfferedCard(StrEnum):
    """The methods that the page offers."""

    WORKS = "tok_ok"
    DECLINED = "tok_declined"
    INSUFFICIENT_FUNDS = "tok_insufficient_funds"
    ASKS_FOR_CONFIRMATION = "tok_3ds"


class PageGateway(Protocol):
    """A gateway whose checkouts are paid on a page of ours. Every call may raise `GatewayUnavailable`."""

    def look_up_checkout(self, reference: str) -> Checkout | None: ...

    def checkout_request(self, reference: str) -> CheckoutRequest | None:
        """What a checkout was opened with; None: there is none."""
        ...

    def pay_checkout(self, reference: str, method: str, *, confirmed: bool | None = None) -> GatewayPayment:
        """Pay, as the page's form does; `declined` leaves the checkout open for another card.

        `action_required`: the customer has to confirm it. The call is repeated with what they said as `confirmed`. A
        checkout that is paid already is not paid again: its payment is returned.

        Raises:
            PaymentRefused: the checkout is closed, or there is none.
        """
        ...
