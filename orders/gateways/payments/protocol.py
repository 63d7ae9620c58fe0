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

    `reference` is the gateway's own id; empty until it is known.
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
    outcome of the first, however much later.
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
        """Authorise and capture the amount at once. With `creates_first` it was created with `capture`."""
        ...

    def authorise(self, request: PaymentRequest) -> GatewayPayment:
        """Authorise the amount, to be captured later. With `creates_first` it was created without `capture`."""
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
