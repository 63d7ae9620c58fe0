"""What the back office may ask about the process that carries an order. Nobody changes anything through it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

# An answer that takes longer comes too late for a page.
ANSWER_WITHIN_SECONDS = 1.0


class StepState(StrEnum):
    """What a step does: it runs, waits for its next attempt, or waits for a worker to take it."""

    RUNS = "runs"
    WAITS = "waits"
    QUEUED = "queued"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step that asks somebody outside and has no answer yet.

    Attributes:
        name: which step it is: `charge_payment`.
        attempt: the number of the attempt that runs, or comes next.
        last_error: why the attempt before failed, without personal data; empty if none did.
        next_attempt_at: when it is tried again, where it waits for that.
    """

    name: str
    state: StepState
    attempt: int
    last_error: str = ""
    next_attempt_at: datetime | None = None


class WorkflowMonitor(Protocol):
    """Looks at running workflows. Every answer comes within a second; None says that none came."""

    def steps(self, order_id: UUID, refunding: Collection[str]) -> list[Step] | None:
        """The steps under way in the order's workflow, in the one that ships it, and in those that are `refunding`."""
        ...

    def workers(self) -> Mapping[str, int] | None:
        """How many workers ask for work at each queue."""
        ...


class NoMonitor:
    """Where nobody can be asked."""

    def steps(self, order_id: UUID, refunding: Collection[str]) -> list[Step] | None:  # noqa: ARG002 - the protocol
        """No answer."""
        return None

    def workers(self) -> Mapping[str, int] | None:
        """No answer."""
        return None


@cache
def workflow_monitor() -> WorkflowMonitor:
    """The one that `WORKFLOW_MONITOR` names by its dotted path; without a name, the one that knows nothing."""
    if not settings.WORKFLOW_MONITOR:
        return NoMonitor()
    chosen: WorkflowMonitor = import_string(settings.WORKFLOW_MONITOR)()
    return chosen
