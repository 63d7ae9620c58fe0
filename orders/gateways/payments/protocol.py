"""The interface of a payment gateway."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ChargeResult(StrEnum):
    """The outcome of a charge. `cancelled`: nothing was charged, and nothing ever will be under this key."""

    CAPTURED = "captured"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Charge:
    """What the gateway answers about one idempotency key."""

    result: ChargeResult
    reference: str = ""
    reason: str = ""


class PaymentGateway(Protocol):
    """A payment gateway.

    Every call may raise `GatewayUnavailable`: its outcome is then unknown, and the call is repeated. A call repeated
    with the same key has one effect and returns the first result, whether or not that was received.
    """

    name: str
    default_method: str
    """The payment method of an order that names none."""

    def supports(self, method: str) -> bool:
        """Whether the token has a format that this gateway knows; makes no network call."""
        ...

    def capture(self, *, key: str, order_id: str, amount: int, currency: str, method: str) -> Charge:
        """Charge `amount` minor units."""
        ...

    def cancel(self, *, key: str, order_id: str) -> Charge:
        """Make sure that this key charges nothing from now on; the result is `captured` if it had charged before."""
        ...

    def refund(self, *, key: str, order_id: str, reference: str, amount: int, currency: str) -> str:
        """Refund `amount` minor units of the charge `reference`; returns the refund's own reference.

        Raises:
            RefundRefused: it is refused permanently.
        """
        ...
