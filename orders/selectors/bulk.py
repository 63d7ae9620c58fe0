"""The preview and the progress of bulk runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from orders.commands import CommandState, Kind
from orders.errors import BulkRunNotFound
from orders.lifecycle import Status
from orders.models import BulkItem, BulkRun, Command, Order
from orders.selectors.backoffice import captured_of
from orders.selectors.eligibility import ASKED_ALREADY, refusal_in

# The most orders in one run: each costs a row and a command, and the person waits until all are written.
MAX_ORDERS = 5000
# How many orders of a group are named.
NAMED = 20


@dataclass(frozen=True)
class Chosen:
    """One selected order, its newest event as the person saw it, and why it is left out; empty if it is not."""

    order_id: UUID
    expected_version: int
    refusal: str


def orders_chosen(orders: QuerySet[Order], kind: Kind) -> list[Chosen]:
    """These orders, each with the reason why it is left out, in two queries; at most `MAX_ORDERS` + 1."""
    rows = list(
        orders.order_by("-created_at", "id").values_list("pk", "event_seq", "status", "made_up")[: MAX_ORDERS + 1]
    )
    open_already = Command.objects.filter(order__in=[pk for pk, *_ in rows], kind=kind, settled_at=None)
    asked = set(open_already.values_list("order_id", flat=True))
    return [
        Chosen(
            pk,
            expected_version,
            refusal_in(Status(status), kind, made_up=made_up) or (ASKED_ALREADY if pk in asked else ""),
        )
        for pk, expected_version, status, made_up in rows
    ]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Orders with the same outcome, and some of their codes."""

    reason: str
    count: int
    some: Sequence[Order]

    @property
    def others(self) -> int:
        """How many are not named."""
        return self.count - len(self.some)


@dataclass(frozen=True, kw_only=True)
class Preview:
    accepted: Group
    refused: Sequence[Group]
    captured: Sequence[str]


def preview_of(run: BulkRun) -> Preview:
    """The outcome of a draft, in a fixed number of queries."""
    counts = Counter(run.items.order_by().values_list("refusal", flat=True))
    planned = run.items.filter(refusal="").order_by().values("order")
    return Preview(
        accepted=_group(run, "", counts[""]),
        refused=[_group(run, reason, count) for reason, count in counts.most_common() if reason],
        captured=captured_of(planned.values_list("order", flat=True)) if run.kind == Kind.CANCEL else [],
    )


def _group(run: BulkRun, reason: str, count: int) -> Group:
    some = run.items.filter(refusal=reason).select_related("order").order_by("position")[:NAMED]
    return Group(reason=reason, count=count, some=[item.order for item in some])


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The progress of a confirmed run. `unissued` are commands that have not been written yet."""

    unissued: int
    pending: int
    delivered: int
    applied: int
    rejected: int
    reasons: Sequence[tuple[str, int]]

    @property
    def settled(self) -> int:
        return self.applied + self.rejected

    @property
    def in_flight(self) -> int:
        """Issued and not settled."""
        return self.pending + self.delivered

    @property
    def is_over(self) -> bool:
        return not self.unissued and not self.in_flight

    @property
    def version(self) -> str:
        """Changes whenever the progress does."""
        return f"{self.unissued}-{self.pending}-{self.applied}-{self.rejected}"

    @classmethod
    def made_of(cls, counts: Counter[str], *, planned: int, reasons: Sequence[tuple[str, int]]) -> Self:
        """Build it from the number of commands in each state."""
        states = {str(state): counts[state] for state in CommandState}
        return cls(unissued=planned - sum(states.values()), reasons=reasons, **states)


def run_by_id(run_id: UUID) -> BulkRun:
    """A run with its author.

    Raises:
        BulkRunNotFound: there is none.
    """
    run = BulkRun.objects.select_related("author").filter(pk=run_id).first()
    if run is None:
        raise BulkRunNotFound(f"There is no bulk run {run_id}.")
    return run


def progress_of(run: BulkRun) -> Progress:
    """The outcomes of a run's commands, counted in two queries."""
    commands = Command.objects.filter(bulk_item__run=run).order_by()
    counts = Counter(dict(commands.values_list("state").annotate(Count("pk"))))
    refused = commands.filter(state=CommandState.REJECTED).values_list("outcome").annotate(many=Count("pk"))
    return Progress.made_of(counts, planned=run.planned, reasons=list(refused.order_by("-many", "outcome")))


# Filters for a run's orders, by the outcome of their commands.
SHOWN: dict[str, Q] = {
    "all": Q(),
    "open": Q(refusal="") & (Q(command__state=None) | Q(command__settled_at=None)),
    "rejected": Q(command__state=CommandState.REJECTED),
    "applied": Q(command__state=CommandState.APPLIED),
    "skipped": ~Q(refusal=""),
}


def items_of(run: BulkRun, which: str) -> QuerySet[BulkItem]:
    """A run's orders with their commands, where there are any; `which` is a key of `SHOWN`."""
    return run.items.filter(SHOWN[which]).select_related("order", "command").order_by("position")
