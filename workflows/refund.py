"""A refund that somebody asked for: granted or refused at once, then paid through every outage."""

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from orders.lifecycle import Status, Waiting
    from workflows import activities, policies
    from workflows.contracts import LOOK, OrderRef, OrderState, RefundInput, order_workflow_id


@workflow.defn
class RefundWorkflow:
    """Carries one command about refunds. One that fails for good ends it; a person then retries or settles it."""

    @workflow.run
    async def run(self, asked: RefundInput) -> OrderState:
        """Settle the command, then pay what it granted."""
        ref = OrderRef(asked.order_id)
        state = await workflow.execute_local_activity(activities.settle_refund_command, asked, **policies.DATABASE)
        if state.has_refund:
            state = await workflow.execute_activity(activities.pay_refunds, ref, **policies.GATEWAY)
        if state.status == Status.CANCELLING or state.waiting_for == Waiting.PAYMENT_RETURN:
            await self.tell_the_order(asked.order_id)
        return state

    async def tell_the_order(self, order_id: str) -> None:
        """An order that is being undone may have waited for this decision."""
        try:
            await workflow.get_external_workflow_handle(order_workflow_id(order_id)).signal(LOOK)
        except FailureError:
            workflow.logger.info("The order's workflow is not there to be told.")
