"""What is sent has in common, whichever way it goes out."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol
from uuid import UUID


class DeliveryResult(Enum):
    """What an attempt means for its delivery: the value is the delivery's state."""

    SENT = "sent"
    RETRY = "pending"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the other side said. `gone`: it wants to hear no more."""

    result: DeliveryResult
    status: int | None = None
    error: str = ""
    answer: str = ""
    gone: bool = False


class Outgoing(Protocol):
    """A delivery made ready: everything it takes, so that sending needs no database."""

    def send(self, delivery_id: UUID, at: datetime) -> Reply:
        """Send it once.

        Raises:
            OrderError: no answer came, or it may not be sent.
        """
        ...


@dataclass(frozen=True)
class Unsendable:
    """A delivery that could not be made ready."""

    reply: Reply

    def send(self, delivery_id: UUID, at: datetime) -> Reply:  # noqa: ARG002 - what every delivery is told
        """What that means for it."""
        return self.reply
