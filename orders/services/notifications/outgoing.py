"""What e-mails and webhooks have in common."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol
from uuid import UUID


class DeliveryResult(Enum):
    """The outcome of an attempt; the value is the delivery's new state."""

    SENT = "sent"
    RETRY = "pending"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The outcome and response of an attempt. `gone`: the endpoint wants no more calls."""

    result: DeliveryResult
    status: int | None = None
    error: str = ""
    answer: str = ""
    gone: bool = False


class Outgoing(Protocol):
    """A prepared delivery, which is sent without the database."""

    def send(self, delivery_id: UUID, at: datetime) -> Reply:
        """Send it once.

        Raises:
            OrderError: no response, or it may not be sent.
        """
        ...


@dataclass(frozen=True)
class Unsendable:
    """A delivery that could not be prepared; `reply` is the outcome."""

    reply: Reply

    def send(self, delivery_id: UUID, at: datetime) -> Reply:  # noqa: ARG002 - what every delivery is told
        return self.reply
