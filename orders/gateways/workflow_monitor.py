"""The read-only interface through which the admin asks about running workflows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

# A page does not wait longer than this.
ANSWER_WITHIN_SECONDS = 1.0


class StepState(StrEnum):
    """Running, waiting for its next attempt, or queued until a worker takes it."""

    RUNS = "runs"
    WAITS = "waits"
    QUEUED = "queued"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A pending activity that calls an outside system.

    Attributes:
        name: the activity, such as `charge_payment`.
        attempt: the number of the current or next attempt.
        last_error: why the last attempt failed, without personal data; empty if none did.
        next_attempt_at: the time of the next attempt, while the step waits for it.
    """

    name: str
    state: StepState
    attempt: int
    last_error: str = ""
    next_attempt_at: datetime | None = None


class WorkflowMonitor(Protocol):
    """Reads the state of running workflows. Every call returns within a second; None means no answer."""

    def steps(self, order_id: UUID, others: Collection[str]) -> list[Step] | None:
        """The pending steps of the order's workflow, its shipping workflow and the workflows `others`."""
        ...

    def workers(self) -> Mapping[str, int] | None:
        """The number of workers that poll each task queue."""
        ...


class NoMonitor:
    """Used where no monitor is configured."""

    def steps(self, order_id: UUID, others: Collection[str]) -> list[Step] | None:  # noqa: ARG002 - the protocol
        return None

    def workers(self) -> Mapping[str, int] | None:
        return None


@cache
def workflow_monitor() -> WorkflowMonitor:
    """The class that `WORKFLOW_MONITOR` names by its dotted path, or `NoMonitor` if it is empty."""
    if not settings.WORKFLOW_MONITOR:
        return NoMonitor()
    chosen: WorkflowMonitor = import_string(settings.WORKFLOW_MONITOR)()
    return chosen
