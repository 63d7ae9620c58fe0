"""Running and retrying activities of an order, from Temporal, where it answers in time."""

from dataclasses import dataclass
from datetime import datetime

from orders.admin.durations import time_left
from orders.gateways.workflow_monitor import Step, StepState, workflow_monitor
from orders.selectors.backoffice import OrderView
from orders.selectors.eligibility import asks_outside
from orders.selectors.shipments import further_workflows

NAMES = {
    "charge_payment": "The charge",
    "collect_payment": "Capturing the payment",
    "return_payment": "Cancelling the payment",
    "pay_refunds": "The refund",
    "book_label": "Booking the label",
    "void_label": "Voiding the label",
}


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """One step as the page tells it. `due` and `left`: when it is tried again, if it waits for that."""

    sentence: str
    last_error: str
    due: datetime | None
    left: str

    @property
    def waits(self) -> bool:
        """It could be tried at once."""
        return self.due is not None


def steps_seen(view: OrderView) -> list[StepRow]:
    """The steps that ask somebody outside; none where there are none, or where Temporal does not say in time."""
    if not asks_outside(view.order):
        return []
    steps = workflow_monitor().steps(view.order.pk, further_workflows(view.order.pk))
    return [_seen(step) for step in steps or []]


def _seen(step: Step) -> StepRow:
    name = NAMES.get(step.name, step.name.replace("_", " ").capitalize())
    says = {
        StepState.RUNS: f"{name} is in progress, attempt {step.attempt}.",
        StepState.WAITS: f"{name} is waiting for attempt {step.attempt}.",
        StepState.QUEUED: f"{name} is waiting for a worker, attempt {step.attempt}.",
    }
    return StepRow(
        sentence=says[step.state],
        last_error=step.last_error,
        due=step.next_attempt_at,
        left=time_left(step.next_attempt_at) if step.next_attempt_at else "",
    )
