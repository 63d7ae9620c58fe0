"""The child workflow that ships an order, or a shipment of a split one, from picking to delivery."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from orders.lifecycle import Status, Waiting
    from workflows import activities, policies
    from workflows.contracts import LOOK, OrderInput, OrderState, Signal

from workflows.inbox import OrderProcess


@workflow.defn
class ShippingWorkflow(OrderProcess):
    """Ships one shipment. It ends when the database refuses a step because the order is being cancelled.

    Every activity returns the order's state as that shipment has it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps = {
            Status.PAID: self.start_picking,
            Status.PICKING: self.pack,
            Status.PACKED: self.label_and_hand_over,
            Status.SHIPPED: self.deliver,
        }

    @workflow.run
    async def run(self, order: OrderInput) -> OrderState:
        """Run while the order is to be shipped."""
        self.order_id, self.shipment = order.order_id, order.shipment or 1
        await self.run_or_stall(self.start_picking)
        while self.is_to_be_shipped():
            await self.run_or_stall(self.next_step)
        while self.running is not None:  # booking of a label is completed before the label is voided
            await self.run_or_stall(self.label)
        return self.state

    @workflow.signal(dynamic=True)
    def on_signal(self, _name: str, _args: Sequence[RawValue]) -> None:
        """Any signal: read the order's state. Commands go to the order's own workflow."""
        self.inbox.append(Signal(self.order_id, LOOK, ""))

    @workflow.query
    def progress(self) -> OrderState:
        """The order's state."""
        return self.state

    async def next_step(self) -> None:
        """Run the step for the order's status, or wait for whoever does."""
        before = self.state.version, self.running
        await self.steps[self.status]()
        # A step that has awaited the activity of an earlier one, which a signal interrupted, is still to be run.
        if (self.state.version, self.running) == before and self.is_to_be_shipped():
            await self.wait_for_report()

    def is_to_be_shipped(self) -> bool:
        """Whether anything is left to do here."""
        return self.status in self.steps and self.state.waiting_for != Waiting.PAYMENT_RETURN

    async def wait_for_report(self) -> None:
        """Wait for a person's confirmation, the carrier's report, or the release of a held order."""
        if await self.attend(seconds=self.state.seconds_left):
            await self.pass_deadline()

    async def start_picking(self) -> None:
        """Start picking, if fulfilment is automatic."""
        await self.run_local(activities.start_picking, self.ref)

    async def pack(self) -> None:
        await self.run_local(activities.pack_order, self.ref)

    async def label_and_hand_over(self) -> None:
        """Book the label, have the payment captured, then hand the parcel over."""
        may_go_on = not self.state.held or self.running is not None
        if self.state.waiting_for == Waiting.LABEL and may_go_on:
            await self.label()
        elif self.state.waiting_for in (Waiting.CAPTURE, Waiting.PAYMENT) and may_go_on:
            await self.collect_payment()
        else:
            await self.run_local(activities.ship_order, self.ref)

    async def label(self) -> None:
        await self.run_outside(activities.book_label)

    async def collect_payment(self) -> None:
        """On the queue of the order workers: the shipping workers know no payment gateway."""
        await self.run_outside(activities.collect_payment, policies.CAPTURE)

    async def deliver(self) -> None:
        """Record the delivery, if the carrier has reported it already."""
        await self.run_local(activities.confirm_delivery, self.ref)
