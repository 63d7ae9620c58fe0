"""What both workflows do in the same way: follow where the database stands, and serve commands while they wait."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid5

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from orders.lifecycle import Status
    from workflows import activities, policies
    from workflows.contracts import LOOK, Deadline, FailedSignal, FailedStep, OrderRef, OrderState, Signal
    from workflows.failures import GIVEN_UP

Argument = TypeVar("Argument")
# How deep lists and objects may lie in one another in the body of a signal.
MAX_DEPTH = 50


class StepGivenUpError(Exception):
    """An activity failed as often as it is tried, for a reason that no further attempt mends."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(step)
        self.step, self.reason = step, reason


def step_given_up(error: FailureError, activity: Callable[..., object]) -> StepGivenUpError | None:
    """The failure of an activity as one that the story goes on from, if it is one.

    A local activity that had to wait between two attempts fails without an ActivityError around it.
    """
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError) and cause.type == GIVEN_UP:
        return StepGivenUpError(activity.__name__, cause.message)
    return None


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
        try:
            self.follow(await asyncio.shield(workflow.start_local_activity(activity, argument, **policies.DATABASE)))
        except FailureError as error:
            raise step_given_up(error, activity) or error from None

    async def outside(self, activity: Callable[[OrderRef], OrderState]) -> None:
        """Run an activity that reaches an outside system, serving the inbox meanwhile, and follow its answer.

        One runs at a time: where another is still under way, that one is awaited instead, and the story comes back.
        """
        self.running = self.running or workflow.start_activity(activity, self.ref, **policies.GATEWAY)
        if await self.attend(lambda: self.running is not None and self.running.done()):
            ended, self.running = self.running, None
            try:
                self.follow(ended.result())
            except FailureError as error:
                raise step_given_up(error, activity) or error from None

    async def attend(self, done: Callable[[], bool] = lambda: False, *, seconds: float | None = None) -> bool:
        """Serve the inbox until the work is `done` or the time is up.

        Returns False as soon as a command has moved the order, so that the story looks anew at where it stands.
        """
        position = self.state.position
        until = None if seconds is None else workflow.time() + seconds
        while True:
            while self.inbox:
                await self.settle_or_reject(self.inbox[0])
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

    async def settle_or_reject(self, signal: Signal) -> None:
        """Settle a command; one that cannot be settled is rejected, so that what stands behind it goes on."""
        try:
            await self.settle(signal)
        except StepGivenUpError as failed:
            if signal.name != LOOK:  # which is no command; the story looks again by itself
                await self.reject(signal, failed.reason)

    async def reject(self, signal: Signal, reason: str) -> None:
        """Record that a command was not carried out, without what was typed: that may be what cannot be recorded."""
        failed = FailedSignal(signal.order_id, signal.name, signal.command_id, reason=reason)
        try:
            await self.local(activities.reject_signal, failed)
        except StepGivenUpError:
            workflow.logger.error("The signal %s of order %s could not be recorded.", signal.name, signal.order_id)

    async def tried(self, step: Callable[[], Awaitable[object]]) -> None:
        """Take a step of the story. One that is given up flags the order, and is tried anew a while later."""
        try:
            if not self.state.is_stalled:
                await step()
            elif await self.attend(seconds=policies.STALLED_SECONDS):
                await self.local(activities.resume_order, self.ref)
        except StepGivenUpError as failed:
            await self.stall(failed)

    async def stall(self, failed: StepGivenUpError) -> None:
        """Flag the order. Where it is flagged for another reason, or cannot be, wait here: never try in a hot loop."""
        try:
            await self.local(activities.stall_order, FailedStep(self.order_id, failed.step, failed.reason))
        except StepGivenUpError:
            workflow.logger.error("Order %s could not be flagged for its step %s.", self.order_id, failed.step)
        if not self.state.is_stalled:
            await self.attend(seconds=policies.STALLED_SECONDS)

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
            await self.settle_or_reject(self.inbox.popleft())

    def receive(self, name: str, args: Sequence[RawValue]) -> None:
        """Put a signal into the inbox, whatever it holds. It must never raise: the workflow would stop."""
        body: Any = None
        try:
            values = [workflow.payload_converter().from_payload(arg.payload) for arg in args]
            body = values[0] if len(values) == 1 else values or None
            if _is_nested_deeper_than(MAX_DEPTH, body):  # it could not be handed to an activity
                body = None
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


def _is_nested_deeper_than(depth: int, body: Any) -> bool:
    level = [body]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _command_id(body: Any) -> str | None:
    """The command that a signal of ours names."""
    if not isinstance(body, dict):
        return None
    try:
        return str(UUID(str(body.get("command_id"))))
    except ValueError:
        return None
