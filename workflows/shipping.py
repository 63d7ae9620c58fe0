"""Shipping: from picking to delivery."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from orders.lifecycle import Status, Waiting
    from workflows import activities
    from workflows.contracts import LOOK, OrderInput, OrderState, Signal

from workflows.inbox import OrderProcess


@workflow.defn
class ShippingWorkflow(OrderProcess):
    """Ships one order. A step that the database refuses, because the order is being cancelled, ends it."""

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
        """Go on for as long as the order is to be shipped."""
        self.order_id = order.order_id
        await self.tried(self.start_picking)
        while self.is_to_be_shipped():
            await self.tried(self.next_step)
        while self.running is not None:  # a label that is being booked is settled before anybody voids it
            await self.tried(self.label)
        return self.state

    @workflow.signal(dynamic=True)
    def on_signal(self, _name: str, _args: Sequence[RawValue]) -> None:
        """Whatever it is, look where the order stands: commands go to the order's own workflow."""
        self.inbox.append(Signal(self.order_id, LOOK, ""))

    @workflow.query
    def progress(self) -> OrderState:
        """Where the order stands."""
        return self.state

    async def next_step(self) -> None:
        """Do what comes next where the order stands, or wait for somebody who does."""
        before = self.state.version
        await self.steps[self.status]()
        if self.state.version == before and self.is_to_be_shipped():
            await self.wait_for_word()

    def is_to_be_shipped(self) -> bool:
        """Whether anything is left to do here."""
        return self.status in self.steps and self.state.waiting_for != Waiting.PAYMENT_RETURN

    async def wait_for_word(self) -> None:
        """A person has to confirm the next step, a carrier to bring the parcel, or a held order to be released."""
        if await self.attend(seconds=self.state.seconds_left):
            await self.pass_deadline()

    async def start_picking(self) -> None:
        """Begin, unless people do."""
        await self.local(activities.start_picking, self.ref)

    async def pack(self) -> None:
        """Put everything into the parcel."""
        await self.local(activities.pack_order, self.ref)

    async def label_and_hand_over(self) -> None:
        """Book the label, then give the parcel to its carrier."""
        if self.state.waiting_for == Waiting.LABEL and not (self.state.held and self.running is None):
            await self.label()
        else:
            await self.local(activities.ship_order, self.ref)

    async def label(self) -> None:
        """Have the label booked."""
        await self.outside(activities.book_label)

    async def deliver(self) -> None:
        """Record what the carrier says of the parcel, if it says so already."""
        await self.local(activities.confirm_delivery, self.ref)
