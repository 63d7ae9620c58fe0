"""What both workflows do in the same way: follow where the database stands, and serve commands while they wait."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid5

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from orders.lifecycle import Status
    from workflows import activities, policies
    from workflows.contracts import LOOK, Deadline, OrderRef, OrderState, Signal

Argument = TypeVar("Argument")


class OrderProcess:
    """The part of an order's workflow that is not its story."""

    def __init__(self) -> None:
        self.order_id = ""
        self.state = OrderState(status=Status.RECEIVED)
        self.inbox: deque[Signal] = deque()
        self.signals_by_hand = 0
        self.running: workflow.ActivityHandle[OrderState] | None = None

    @property
    def status(self) -> Status:
        """Where the order stands, as far as this workflow knows."""
        return Status(self.state.status)

    @property
    def ref(self) -> OrderRef:
        """What most activities are given."""
        return OrderRef(self.order_id)

    def follow(self, state: OrderState) -> None:
        """Go by what the database says, unless something newer is known already."""
        if state.version >= self.state.version:
            self.state = state

    async def local(self, activity: Callable[[Argument], OrderState], argument: Argument) -> None:
        """Run an activity that touches only our own database, and follow its answer."""
        # Shielded: a cancellation by an operator must not take the answer away from a step that has committed.
        self.follow(await asyncio.shield(workflow.start_local_activity(activity, argument, **policies.DATABASE)))

    async def outside(self, activity: Callable[[OrderRef], OrderState]) -> None:
        """Run an activity that reaches an outside system, serving the inbox meanwhile, and follow its answer.

        One runs at a time: where another is still under way, that one is awaited instead, and the story comes back.
        """
        self.running = self.running or workflow.start_activity(activity, self.ref, **policies.GATEWAY)
        if await self.attend(lambda: self.running is not None and self.running.done()):
            answer, self.running = self.running.result(), None
            self.follow(answer)

    async def attend(self, done: Callable[[], bool] = lambda: False, *, seconds: float | None = None) -> bool:
        """Serve the inbox until the work is `done` or the time is up.

        Returns False as soon as a command has moved the order, so that the story looks anew at where it stands.
        """
        position = self.state.position
        until = None if seconds is None else workflow.time() + seconds
        while True:
            while self.inbox:
                await self.settle(self.inbox[0])
                self.inbox.popleft()
                if self.state.position != position:
                    return False
            if done():
                return True
            left = None if until is None else until - workflow.time()
            if left is not None and left <= 0:
                return True
            try:
                await workflow.wait_condition(lambda: bool(self.inbox) or done(), timeout=left)
            except TimeoutError:
                return True

    async def settle(self, signal: Signal) -> None:
        """Let the database apply or reject a command."""
        if signal.name == LOOK:
            await self.look()
        else:
            await self.local(activities.settle_command, signal)

    async def look(self) -> None:
        """See where the order stands now."""
        await self.local(activities.look_at_order, self.ref)

    async def pass_deadline(self) -> None:
        """Let the timer decide."""
        await self.local(activities.pass_deadline, Deadline(self.order_id, self.status))

    async def settle_the_rest(self) -> None:
        """Reject what arrived too late, so that no command stays without its outcome."""
        while self.inbox:
            await self.settle(self.inbox.popleft())

    def receive(self, name: str, args: Sequence[RawValue]) -> None:
        """Put a signal into the inbox, whatever it holds. It must never raise: the workflow would stop."""
        body: Any = None
        try:
            values = [workflow.payload_converter().from_payload(arg.payload) for arg in args]
            body = values[0] if len(values) == 1 else values or None
        except Exception:  # noqa: BLE001 - any payload at all may come; what cannot be read is judged like nothing
            body = None
        command_id = _command_id(body)
        if command_id is None:
            self.signal_by_hand(name, body)
        else:
            self.inbox.append(Signal(self.order_id_now(), name, command_id))

    def signal_by_hand(self, name: str, body: Any = None) -> None:
        """Put into the inbox what has no row yet, under an id that a replay and a reset find again."""
        self.signals_by_hand += 1
        run = UUID(workflow.info().original_execution_run_id)
        self.inbox.append(Signal(self.order_id_now(), name, str(uuid5(run, str(self.signals_by_hand))), body))

    def order_id_now(self) -> str:
        """The order's id, also for a signal that is handled before the workflow began to run."""
        return self.order_id or workflow.info().workflow_id.partition("-")[2]


def _command_id(body: Any) -> str | None:
    """The command that a signal of ours names."""
    if not isinstance(body, dict):
        return None
    try:
        return str(UUID(str(body.get("command_id"))))
    except ValueError:
        return None
