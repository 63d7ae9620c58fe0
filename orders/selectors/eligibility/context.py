"""What a check of eligibility is asked about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orders.models import Order, Shipment


@dataclass(frozen=True, kw_only=True)
class CommandContext:
    """A request apart from its kind. `args` is None when the question is what may be offered; `shipment`, the one that
    a command of a shipment is about, where the order is split.
    """

    args: Mapping[str, object] | None
    actor: str
    reason: str
    at: datetime
    command_id: UUID | None
    shipment: Shipment | None = None


Check = Callable[[Order, CommandContext], str]
