"""How workflows of orders, refunds and returns are started, by the relay and again by the reconciler."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from orders.selectors import recovery, returns
from workflows.contracts import (
    OrderInput,
    RefundInput,
    ReturnRef,
    Timings,
    order_workflow_id,
    refund_workflow_id,
    return_workflow_id,
)
from workflows.order import OrderWorkflow
from workflows.refund import RefundWorkflow
from workflows.returns import ReturnWorkflow


@dataclass(frozen=True)
class WorkflowStart:
    """The arguments for starting a workflow."""

    workflow_id: str
    run: Any
    """The workflow's run method."""
    argument: OrderInput | RefundInput | ReturnRef
    order_id: UUID
    title: str
    """How reports name the order, refund or return."""
    is_unfinished: Callable[[], bool]
    """Reads from the database whether a workflow is still needed."""


def order_start(order_id: UUID) -> WorkflowStart:
    timings = Timings(payment_delay=settings.PAYMENT_PROCESSING_DELAY, shipping_delay=settings.SHIPPING_DELAY)
    argument = OrderInput(str(order_id), timings)
    return WorkflowStart(
        order_workflow_id(order_id),
        OrderWorkflow.run,
        argument,
        order_id,
        f"Order {order_id}",
        lambda: bool(recovery.unfinished([order_id])),
    )


def refund_start(order_id: UUID, command_id: UUID, kind: str) -> WorkflowStart:
    argument = RefundInput(str(order_id), str(command_id), kind)
    title = f"Refund {command_id} of order {order_id}"
    return WorkflowStart(
        refund_workflow_id(command_id),
        RefundWorkflow.run,
        argument,
        order_id,
        title,
        lambda: recovery.is_open(command_id),
    )


def return_start(order_id: UUID, return_id: UUID) -> WorkflowStart:
    argument = ReturnRef(str(order_id), str(return_id))
    title = f"Return {return_id} of order {order_id}"
    return WorkflowStart(
        return_workflow_id(return_id),
        ReturnWorkflow.run,
        argument,
        order_id,
        title,
        lambda: bool(returns.under_way([return_id])),
    )
