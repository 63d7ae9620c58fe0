"""The workflow of an order, from placement until it is delivered, cancelled, rejected or invalid."""

import asyncio
from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue, WorkflowIDReusePolicy
from temporalio.exceptions import ChildWorkflowError, FailureError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from orders.commands import RULES, Kind
    from orders.lifecycle import FINAL, Status, Waiting
    from workflows import activities, policies
    from workflows.contracts import (
        LOOK,
        SHIPPING_QUEUE,
        OrderInput,
        OrderState,
        Signal,
        Timings,
        shipping_workflow_id,
    )

from workflows.inbox import OrderProcess
from workflows.shipping import ShippingWorkflow


@workflow.defn
class OrderWorkflow(OrderProcess):
    """Processes one order. The database leads: every activity returns the order's status, and the next step follows
    from it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.timings = Timings()
        self.shipping: workflow.ChildWorkflowHandle[ShippingWorkflow, OrderState] | None = None
        self.steps = {
            Status.RECEIVED: self.validate,
            Status.IN_REVIEW: self.wait_until_the_deadline,
            Status.CHARGING: self.charge,
            Status.AWAITING_PAYMENT: self.wait_until_the_deadline,
            Status.PAID: self.ship,
            Status.AWAITING_STOCK: self.wait_for_stock,
            Status.PICKING: self.ship,
            Status.PACKED: self.ship,
            Status.SHIPPED: self.ship,
            Status.SHIPPING_FAILED: self.wait_for_a_decision,
            Status.CANCELLING: self.cancel,
        }

    @workflow.run
    async def run(self, order: OrderInput) -> OrderState:
        """Run until the order is final, then settle the commands that came too late."""
        self.order_id, self.timings = order.order_id, order.timings
        while self.status not in FINAL:
            try:
                await self.run_or_stall(self.next_step)
            except asyncio.CancelledError:  # an operator cancelled the workflow: treated as a `cancel` command
                self.signal_by_hand("cancel_order", "The workflow was cancelled in Temporal.")
        await self.run_or_stall(self.shipping_ended)
        await self.settle_the_rest()
        return self.state

    @workflow.signal(dynamic=True)
    def on_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Accept any signal; the main loop judges it."""
        self.receive(name, args)

    @workflow.query
    def progress(self) -> OrderState:
        """The order's state."""
        return self.state

    async def next_step(self) -> None:
        """Run the step for the order's status."""
        if self.state.waiting_for == Waiting.PAYMENT_RETURN:
            await self.return_payment()
        else:
            await self.steps[self.status]()

    async def validate(self) -> None:
        """Validate the order, unless it has been cancelled; an order that is further on continues from there."""
        if await self.attend(seconds=0):
            await self.run_local(activities.validate_order, self.ref)

    async def wait_until_the_deadline(self) -> None:
        """Wait for a person's decision until the deadline, then let the timer decide."""
        if await self.attend(seconds=self.state.seconds_left):
            await self.pass_deadline()

    async def charge(self) -> None:
        """Charge the payment; if it is declined, the order waits for another one."""
        if self.running is None and (self.state.held or not await self.attend(seconds=self.timings.payment_delay)):
            await self.wait_for_release()
        else:
            await self.run_outside(activities.charge_payment)

    async def ship(self) -> None:
        """Start shipping, and wait until it ends."""
        if self.shipping is None:
            if self.status is Status.PAID and (
                self.state.held or not await self.attend(seconds=self.timings.shipping_delay)
            ):
                await self.wait_for_release()
                return
            await self.start_shipping()
        await self.shipping_ended()

    async def start_shipping(self) -> None:
        """Start the child workflow, in place of one that an earlier run left behind.

        After a reset, the child of the old run is still running: it would report nothing to this run, and outlive the
        order.
        """
        try:
            self.shipping = await workflow.start_child_workflow(
                ShippingWorkflow.run,
                OrderInput(self.order_id, self.timings),
                id=shipping_workflow_id(self.order_id),
                task_queue=SHIPPING_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.TERMINATE_IF_RUNNING,
                parent_close_policy=workflow.ParentClosePolicy.TERMINATE,
            )
        except WorkflowAlreadyStartedError:
            await self.attend(seconds=policies.CHILD_RESTART_SECONDS)

    async def shipping_ended(self) -> bool:
        """Wait for the child, if one runs, and follow its result; False if a command moved the order meanwhile."""
        if self.shipping is None:
            return True
        child = self.shipping
        if not await self.attend(child.done):
            return False
        self.shipping = None
        try:
            self.follow(child.result())
        except ChildWorkflowError:  # it was ended in Temporal: the database knows how far it came
            await self.attend(seconds=policies.CHILD_RESTART_SECONDS)
            await self.read_state()
        return True

    async def wait_for_release(self) -> None:
        """Wait while the order is held."""
        if self.state.held:
            await self.attend()

    async def settle(self, signal: Signal) -> None:
        """Settle a command, and notify what may be waiting for its effect."""
        before = self.state.position
        await super().settle(signal)
        if self.state.position != before:
            await self.notify_shipping()
        if signal.name == RULES[Kind.SETTLE_PAYMENT].signal:
            self.ask_the_gateway_now()

    async def notify_shipping(self) -> None:
        """The child may be waiting for a person, a carrier, or the release of a held order."""
        if self.shipping is None or self.shipping.done():
            return
        try:
            # By its id: after a reset the child still belongs to this run, but Temporal refuses a signal to it as a
            # child.
            await workflow.get_external_workflow_handle(shipping_workflow_id(self.order_id)).signal(LOOK)
        except FailureError:  # it has ended meanwhile; its result says how far it came
            workflow.logger.info("Shipping has ended already.")

    def ask_the_gateway_now(self) -> None:
        """Replace the attempt that waits for its backoff by one that starts at once, under the same key."""
        if self.running is not None and not self.running.done():
            self.running.cancel()
            self.running = workflow.start_activity(activities.charge_payment, self.ref, **policies.GATEWAY)

    async def wait_for_stock(self) -> None:
        """Wait for the command that allocates the rest. Shipping starts anew after it."""
        if await self.shipping_ended():
            await self.attend()

    async def wait_for_a_decision(self) -> None:
        """Wait for a person's command."""
        await self.attend()

    async def return_payment(self) -> None:
        """Take the payment back, then wait for a new one."""
        if await self.undo_next():
            await self.run_local(activities.finish_payment_return, self.ref)

    async def cancel(self) -> None:
        """Undo what was done, then mark the order as cancelled."""
        if await self.undo_next():
            await self.run_local(activities.finish_cancellation, self.ref)

    async def undo_next(self) -> bool:
        """Undo the next thing that is left; True once nothing is."""
        if not await self.shipping_ended():
            return False
        if self.state.needs_attention:
            await self.wait_for_a_decision()
        elif self.running is not None or self.state.has_payment:
            await self.run_outside(activities.return_payment)
        elif self.state.has_label:
            await self.run_outside(activities.void_label)
        else:
            return True
        return False
