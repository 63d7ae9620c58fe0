"""What finance says about a bank transfer that arrived."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

MAX_REFERENCE = 100
MAX_AMOUNT = 10**15


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """`amount` in minor units of the order's currency, `reference` as on the bank statement."""

    amount: int
    received_on: date
    reference: str


def parse_transfer(args: Mapping[str, object]) -> Transfer:
    """The transfer of a command's arguments.

    Raises:
        ValueError: one of them cannot be used.
    """
    amount, reference = args.get("amount"), str(args.get("reference") or "").strip()
    if not isinstance(amount, int) or isinstance(amount, bool) or not 0 < amount <= MAX_AMOUNT:
        raise ValueError("The amount must be positive.")
    if not 0 < len(reference) <= MAX_REFERENCE:
        raise ValueError(f"The reference of the bank statement must have 1 to {MAX_REFERENCE} characters.")
    try:
        received_on = date.fromisoformat(str(args.get("received_on")))
    except ValueError:
        raise ValueError("The day must be a date such as 2026-11-30.") from None
    if received_on > timezone.localdate():
        raise ValueError("The day must not be in the future.")
    return Transfer(amount=amount, received_on=received_on, reference=reference)
