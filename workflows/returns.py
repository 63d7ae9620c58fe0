"""The workflow of a return, from the request until it is refunded, refused or expired."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from orders.lifecycle import ReturnStage
    from workflows import policies, return_activities
    from workflows.contracts import LOOK, OrderState, ReturnDeadline, ReturnRef, ReturnSignal, ReturnState, Signal

from workflows.inbox import OrderProcess, step_given_up

# The request that starts the workflow: not a signal, but settled and rejected like one.
OPEN = ""


@workflow.defn
class ReturnWorkflow(OrderProcess):
    """Processes one return. The database leads, as for an order: the next step follows from the return's state."""

    @workflow.init
    def __init__(self, asked: ReturnRef) -> None:
        super().__init__()
        self.order_id, self.return_id = asked.order_id, asked.return_id
        self.state: ReturnState = ReturnState(status=self.state.status)
        self.steps: dict[str, Callable[[], Awaitable[None]]] = {
            ReturnStage.REQUESTED: self.wait_until_the_deadline,
            ReturnStage.APPROVED: self.wait_until_the_deadline,
            ReturnStage.RECEIVED: self.refund,
        }

    @workflow.run
    async def run(self, asked: ReturnRef) -> ReturnState:
        """Settle the request, then run until nothing is left to wait for or to pay.

        It ends when the refund is refused permanently; staff then retry or settle that, as any other refund.
        """
        await self.settle_or_reject(Signal(asked.order_id, OPEN, asked.return_id))
        while self.state.is_under_way:
            await self.run_or_stall(self.next_step)
        await self.settle_the_rest()
        return self.state

    @workflow.signal(dynamic=True)
    def on_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Accept any signal; the main loop judges it."""
        self.receive(name, args)

    @workflow.query
    def progress(self) -> ReturnState:
        """The return's state."""
        return self.state

    @property
    def return_ref(self) -> ReturnRef:
        return ReturnRef(self.order_id, self.return_id)

    async def next_step(self) -> None:
        """Run the step for the return's state."""
        await self.steps[self.state.stage]()

    async def wait_until_the_deadline(self) -> None:
        """Wait for the decision, or for the parcel, until the deadline."""
        if await self.attend(seconds=self.state.seconds_left):
            over = ReturnDeadline(self.order_id, self.return_id, self.state.stage)
            await self.run_local(return_activities.pass_return_deadline, over)

    async def refund(self) -> None:
        """Pay the refund, also through outages, and serve the inbox meanwhile."""
        paying = workflow.start_activity(return_activities.pay_return, self.return_ref, **policies.GATEWAY)
        while not await self.attend(paying.done):
            pass
        try:
            self.follow(paying.result())
        except FailureError as error:
            raise step_given_up(error, return_activities.pay_return) or error from None

    async def settle(self, signal: Signal) -> None:
        if signal.name == OPEN:
            await self.run_local(return_activities.open_return, self.return_ref)
        elif signal.name == LOOK:
            await self.read_state()
        else:
            about = ReturnSignal(signal.order_id, signal.name, signal.command_id, signal.body, self.return_id)
            await self.run_local(return_activities.settle_return_command, about)

    async def read_state(self) -> None:
        """Read the return's state."""
        await self.run_local(return_activities.look_at_return, self.return_ref)

    def follow(self, state: OrderState) -> None:
        """Take over a state from the database; one of the order alone does not change the return's."""
        if not isinstance(state, ReturnState):
            order = {name: getattr(state, name) for name in ("status", "version", "needs_attention", "is_stalled")}
            state = replace(self.state, **order)
        super().follow(state)

    def order_id_now(self) -> str:
        """The order's id, which is known before the first signal is handled."""
        return self.order_id
