"""What we ask of a payment gateway, whoever it is, and what it answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ChargeResult(StrEnum):
    """The outcome of a charge. `cancelled`: nothing was charged, and under this key nothing will be."""

    CAPTURED = "captured"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Charge:
    """The gateway's word on one idempotency key."""

    result: ChargeResult
    reference: str = ""
    reason: str = ""


class PaymentGateway(Protocol):
    """A payment gateway. Every call may raise `GatewayUnavailable`: what it did is unknown then, and asked for again.

    A call repeated with its key has one effect and gets the first answer, whether or not that answer arrived.
    """

    name: str
    default_method: str
    """The payment method of an order that names none; empty: it waits for one."""

    def supports(self, method: str) -> bool:
        """Whether the token has a form this gateway knows; asks nobody."""
        ...

    def capture(self, *, key: str, order_id: str, amount: int, currency: str, method: str) -> Charge:
        """Charge `amount` minor units."""
        ...

    def cancel(self, *, key: str, order_id: str) -> Charge:
        """Make sure that the key charges nothing from now on; `captured` if it did before."""
        ...

    def refund(self, *, key: str, order_id: str, reference: str, amount: int, currency: str) -> str:
        """Return `amount` minor units of the charge `reference`; the refund's own reference.

        Raises:
            RefundRefused: it never will.
        """
        ...
