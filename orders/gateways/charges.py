"""What a payment gateway says of a charge."""

from dataclasses import dataclass
from enum import StrEnum


class ChargeResult(StrEnum):
    """What became of a charge. `cancelled`: nothing was charged, and under this key nothing will be."""

    CAPTURED = "captured"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Charge:
    """The gateway's word on one idempotency key."""

    result: ChargeResult
    reference: str = ""
    reason: str = ""
