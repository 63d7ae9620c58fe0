"""The workflow of a requested refund: granted or rejected at once, then paid, also through outages."""

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from orders.lifecycle import Status, Waiting
    from workflows import activities, policies
    from workflows.contracts import (
        LOOK,
        FailedSignal,
        FailedStep,
        OrderRef,
        OrderState,
        RefundInput,
        order_workflow_id,
    )

from workflows.inbox import StepGivenUpError, step_given_up


@workflow.defn
class RefundWorkflow:
    """Processes one command about refunds. It ends when the refund is refused permanently; staff then retry or settle
    it.
    """

    @workflow.run
    async def run(self, asked: RefundInput) -> OrderState:
        """Settle the command, then pay what it granted."""
        state = await self.settle(asked)
        if state.has_refund:
            state = await self.pay(OrderRef(asked.order_id))
        if state.status == Status.CANCELLING or state.waiting_for == Waiting.PAYMENT_RETURN:
            await self.notify_order(asked.order_id)
        return state

    async def settle(self, asked: RefundInput) -> OrderState:
        """Apply or reject the command; one that cannot be settled is rejected."""
        try:
            return await workflow.execute_local_activity(activities.settle_refund_command, asked, **policies.DATABASE)
        except FailureError as error:
            failed = _given_up(error, activities.settle_refund_command)
            about = FailedSignal(asked.order_id, asked.kind, asked.command_id, reason=failed.reason)
            return await workflow.execute_local_activity(activities.reject_signal, about, **policies.DATABASE)

    async def pay(self, ref: OrderRef) -> OrderState:
        """Pay what was granted. If that is given up, the order is flagged and payment retried some time later."""
        while True:
            try:
                return await workflow.execute_activity(activities.pay_refunds, ref, **policies.GATEWAY)
            except FailureError as error:
                failed = _given_up(error, activities.pay_refunds)
            about = FailedStep(ref.order_id, failed.step, failed.reason)
            await workflow.execute_local_activity(activities.stall_order, about, **policies.DATABASE)
            await workflow.sleep(timedelta(seconds=policies.STALLED_SECONDS))
            await workflow.execute_local_activity(activities.resume_order, ref, **policies.DATABASE)

    async def notify_order(self, order_id: str) -> None:
        """An order that is being cancelled may have waited for this decision."""
        try:
            await workflow.get_external_workflow_handle(order_workflow_id(order_id)).signal(LOOK)
        except FailureError:
            workflow.logger.info("The order's workflow is not there to be told.")


def _given_up(error: FailureError, activity: Callable[..., object]) -> StepGivenUpError:
    """The failure as a `StepGivenUpError`; any other failure ends the workflow."""
    failed = step_given_up(error, activity)
    if failed is None:
        raise error
    return failed
