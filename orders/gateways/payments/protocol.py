"""The interface of a payment gateway."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class PaymentResult(StrEnum):
    """Where a payment stands at the gateway."""

    NEW = "new"
    """It exists there, and nothing was charged yet."""
    ACTION_REQUIRED = "action_required"
    """The customer has to confirm it at `action_url`."""
    PROCESSING = "processing"
    """The gateway does not know the outcome yet."""
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    """All of it, or part of it while the rest was released."""
    DECLINED = "declined"
    CANCELLED = "cancelled"
    """Nothing was captured, and nothing ever will be."""
    EXPIRED = "expired"
    """It was authorised, and the authorisation lapsed."""


@dataclass(frozen=True, kw_only=True)
class PaymentRequest:
    """A payment as every call names it: `amount` in minor units (ISO 4217), `key` is ours and unique.

    `reference` is the gateway's own id; empty until it is known. Where it is given, it identifies the payment, and the
    gateway need not know the key: we adopt payments made on a checkout page, or by the shop's own checkout.
    """

    key: str
    order_id: str
    amount: int
    currency: str
    method: str
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class GatewayPayment:
    """What the gateway says about a payment. All amounts are in minor units.

    `amount` is the whole payment, `authorised` what can still be captured of it, `captured` what was captured, and
    `refunded` what was refunded of that. `code` is the reason of a decline for staff and programs, `reason` a sentence
    for the customer.
    """

    result: PaymentResult
    reference: str = ""
    key: str = ""
    order_id: str = ""
    amount: int = 0
    currency: str = ""
    authorised: int = 0
    captured: int = 0
    refunded: int = 0
    code: str = ""
    reason: str = ""
    action_url: str = ""
    authorised_until: datetime | None = None
    is_disputed: bool = False


class CheckoutState(StrEnum):
    """Where a hosted checkout stands."""

    OPEN = "open"
    PAID = "paid"
    """The customer has completed it: the payment is authorised or captured."""
    CLOSED = "closed"
    """It expired or was closed: nobody can pay there any more."""


@dataclass(frozen=True, kw_only=True)
class CheckoutRequest:
    """A payment page to open: `amount` in minor units (ISO 4217), `key` is ours and unique.

    With `capture` the payment is captured at once, otherwise authorised only. `description` names the order to the
    customer, who returns to `return_url` after paying, or to `cancel_url` without.
    """

    key: str
    order_id: str
    amount: int
    currency: str
    capture: bool
    description: str
    email: str
    return_url: str
    cancel_url: str
    expires_at: datetime
    """As near to it as the gateway allows."""


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """What the gateway says about a hosted checkout.

    `reference` is the gateway's id of it, `url` where the customer pays; empty unless it is open. `payment` is the
    gateway's reference of the payment; empty until there is one, which may have been declined unless `state` is `PAID`.
    """

    state: CheckoutState
    reference: str
    url: str = ""
    payment: str = ""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a gateway can do.

    `creates_first`: it forgets keys, so that a payment is created, its reference stored, and only then charged.
    `several_captures`: one authorisation can be captured in parts. `authorisation_lasts`: how long one holds.
    """

    creates_first: bool
    several_captures: bool
    authorisation_lasts: timedelta


class PaymentGateway(Protocol):
    """A payment gateway.

    Every call but `supports` may raise `GatewayUnavailable`: its outcome is then unknown, and the call is repeated. A
    call repeated for the same payment (`capture` and `refund`: with the same key) has one effect, and returns the
    outcome of the first, however much later. A payment is identified by `request.reference` if that is given, else by
    `request.key`.
    """

    name: str
    default_method: str
    """The payment method of an order that names none; empty: it has to be paid by the customer."""
    capabilities: Capabilities

    def supports(self, method: str) -> bool:
        """Whether the token has a format that this gateway knows; makes no network call."""
        ...

    def create(self, request: PaymentRequest, *, capture: bool) -> str:
        """Create the payment without charging; returns its reference. Only with `creates_first`.

        Raises:
            PaymentRefused: the gateway takes no such payment.
        """
        ...

    def purchase(self, request: PaymentRequest) -> GatewayPayment:
        """Authorise and capture the amount at once. With `creates_first` it was created with `capture`.

        A payment that is authorised or captured already, as an adopted one is, stays as it is: its state is returned.
        """
        ...

    def authorise(self, request: PaymentRequest) -> GatewayPayment:
        """Authorise the amount, to be captured later. With `creates_first` it was created without `capture`.

        As `purchase`, it charges nothing for a payment that is authorised or captured already.
        """
        ...

    def capture(self, request: PaymentRequest, *, key: str, amount: int) -> GatewayPayment:
        """Capture `amount` of an authorised payment. Without `several_captures`, the rest is released.

        Raises:
            CaptureRefused: permanently: it is not authorised any more, or not for as much.
        """
        ...

    def void(self, request: PaymentRequest) -> GatewayPayment:
        """Make sure that the payment charges nothing from now on. `captured`: it did so before."""
        ...

    def refund(self, request: PaymentRequest, *, key: str, amount: int) -> str:
        """Refund `amount` of what was captured; returns the refund's own reference.

        Raises:
            RefundRefused: permanently.
        """
        ...

    def look_up(self, request: PaymentRequest) -> GatewayPayment | None:
        """The state of a payment; None: the gateway has none."""
        ...

    def payments_since(self, moment: datetime) -> Iterator[GatewayPayment]:
        """Every payment that was created at the gateway since then, also those that are not ours."""
        ...

    def open_checkout(self, request: CheckoutRequest) -> Checkout:
        """Open a page where the customer pays. Repeated with the same key, for 24 hours: the same checkout.

        The payment has `request.key` as its key at the gateway. It lands at most once; after a decline the customer can
        try another card on the page.

        Raises:
            PaymentRefused: the gateway takes no such payment.
        """
        ...

    def look_up_checkout(self, reference: str) -> Checkout | None:
        """The state of a checkout; None: the gateway has none."""
        ...

    def close_checkout(self, reference: str) -> Checkout:
        """Make sure that nobody can pay there from now on. `PAID`: somebody did so before."""
        ...
