"""Shipping: from the shelf to the customer's door."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from orders.lifecycle import Status, Waiting
    from workflows import activities
    from workflows.contracts import OrderInput, OrderState

from workflows.inbox import OrderProcess


@workflow.defn
class ShippingWorkflow(OrderProcess):
    """Ships one order. A step that the database refuses, because the order is being cancelled, ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = {
            Status.PICKING: self.pack,
            Status.PACKED: self.label_and_hand_over,
            Status.SHIPPED: self.deliver,
        }

    @workflow.run
    async def run(self, order: OrderInput) -> OrderState:
        """Go on for as long as the order is to be shipped."""
        self.order_id = order.order_id
        await self.local(activities.start_picking, self.ref)
        while self.status in self.steps:
            await self.steps[self.status]()
        return self.state

    @workflow.query
    def progress(self) -> OrderState:
        """Where the order stands."""
        return self.state

    async def pack(self) -> None:
        """Put everything into the parcel."""
        await self.local(activities.pack_order, self.ref)

    async def label_and_hand_over(self) -> None:
        """Book the label, then give the parcel to its carrier."""
        if self.state.waiting_for == Waiting.LABEL:
            await self.outside(activities.book_label)
        else:
            await self.local(activities.ship_order, self.ref)

    async def deliver(self) -> None:
        """Wait for the carrier's word that the parcel arrived."""
        await self.local(activities.confirm_delivery, self.ref)
