"""A return, from the moment it is asked for until it is refunded, refused or given up."""

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

# The request that its own start is: no signal, but settled and rejected as one.
OPEN = ""


@workflow.defn
class ReturnWorkflow(OrderProcess):
    """Carries one return. The database leads, as it does for an order: the story goes on where the return stands."""

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
        """Settle the request, then go on until nothing is left to wait for and to pay.

        A refund that fails for good ends it; a person then retries or settles that, as any other refund.
        """
        await self.settle_or_reject(Signal(asked.order_id, OPEN, asked.return_id))
        while self.state.is_under_way:
            await self.tried(self.next_step)
        await self.settle_the_rest()
        return self.state

    @workflow.signal(dynamic=True)
    def on_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Accept any signal at all; the main loop judges it."""
        self.receive(name, args)

    @workflow.query
    def progress(self) -> ReturnState:
        """Where the return stands."""
        return self.state

    @property
    def return_ref(self) -> ReturnRef:
        """What its activities are given."""
        return ReturnRef(self.order_id, self.return_id)

    async def next_step(self) -> None:
        """Do what comes next where the return stands."""
        await self.steps[self.state.stage]()

    async def wait_until_the_deadline(self) -> None:
        """Let staff decide, or the parcel come, until the time is up."""
        if await self.attend(seconds=self.state.seconds_left):
            over = ReturnDeadline(self.order_id, self.return_id, self.state.stage)
            await self.local(return_activities.pass_return_deadline, over)

    async def refund(self) -> None:
        """Pay for what came, through every outage, and serve the inbox meanwhile."""
        paying = workflow.start_activity(return_activities.pay_return, self.return_ref, **policies.GATEWAY)
        while not await self.attend(paying.done):
            pass
        try:
            self.follow(paying.result())
        except FailureError as error:
            raise step_given_up(error, return_activities.pay_return) or error from None

    async def settle(self, signal: Signal) -> None:
        """Let the database apply or reject a command."""
        if signal.name == OPEN:
            await self.local(return_activities.open_return, self.return_ref)
        elif signal.name == LOOK:
            await self.look()
        else:
            about = ReturnSignal(signal.order_id, signal.name, signal.command_id, signal.body, self.return_id)
            await self.local(return_activities.settle_return_command, about)

    async def look(self) -> None:
        """See where the return stands now."""
        await self.local(return_activities.look_at_return, self.return_ref)

    def follow(self, state: OrderState) -> None:
        """Go by what the database says; what is said of the order alone changes nothing of the return."""
        if not isinstance(state, ReturnState):
            order = {name: getattr(state, name) for name in ("status", "version", "needs_attention", "is_stalled")}
            state = replace(self.state, **order)
        super().follow(state)

    def order_id_now(self) -> str:
        """The order's id: it is known before the first signal is handled."""
        return self.order_id
