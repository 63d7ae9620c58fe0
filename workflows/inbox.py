"""What the workflows of orders and returns share: following the database's state, and serving commands meanwhile."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid5

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError, FailureError
from temporalio.workflow import ActivityConfig

with workflow.unsafe.imports_passed_through():
    from orders.lifecycle import Status
    from workflows import activities, policies
    from workflows.contracts import LOOK, Deadline, FailedSignal, FailedStep, OrderRef, OrderState, Signal
    from workflows.failures import GIVEN_UP

Argument = TypeVar("Argument")
# How deeply the body of a signal may be nested.
MAX_DEPTH = 50


class StepGivenUpError(Exception):
    """An activity exhausted its attempts, for a reason that no retry corrects."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(step)
        self.step, self.reason = step, reason


def step_given_up(error: FailureError, activity: Callable[..., object]) -> StepGivenUpError | None:
    """The failure of an activity as a `StepGivenUpError`, if it is one.

    A local activity that waited between two attempts fails without an ActivityError around it.
    """
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError) and cause.type == GIVEN_UP:
        return StepGivenUpError(activity.__name__, cause.message)
    return None


class OrderProcess:
    """The base of the workflows of orders, shipments and returns: state, inbox, activities."""

    def __init__(self) -> None:
        self.order_id = ""
        self.shipment = 0
        self.state = OrderState(status=Status.RECEIVED)
        self.inbox: deque[Signal] = deque()
        self.signals_by_hand = 0
        self.running: workflow.ActivityHandle[OrderState] | None = None

    @property
    def status(self) -> Status:
        """The order's status, as far as this workflow knows."""
        return Status(self.state.status)

    @property
    def ref(self) -> OrderRef:
        return OrderRef(self.order_id, self.state.version, self.shipment)

    def follow(self, state: OrderState) -> None:
        """Take over a state from the database, unless a newer one is known already."""
        if state.version >= self.state.version:
            self.state = state

    async def run_local(self, activity: Callable[[Argument], OrderState], argument: Argument) -> None:
        """Run an activity that uses our own database only, and follow its result."""
        # Shielded: if an operator cancels the workflow, the result of a committed step must not be lost.
        try:
            self.follow(await asyncio.shield(workflow.start_local_activity(activity, argument, **policies.DATABASE)))
        except FailureError as error:
            raise step_given_up(error, activity) or error from None

    async def run_outside(
        self, activity: Callable[[OrderRef], OrderState], config: ActivityConfig = policies.GATEWAY
    ) -> None:
        """Run an activity that calls an outside system, serving the inbox meanwhile, and follow its result.

        Only one runs at a time: if another is still under way, that one is awaited instead, and the caller's step runs
        again.
        """
        if self.running is None:
            self.running = workflow.start_activity(activity, self.ref, **config)
        if await self.attend(lambda: self.running is not None and self.running.done()):
            ended, self.running = self.running, None
            try:
                self.follow(ended.result())
            except FailureError as error:
                raise step_given_up(error, activity) or error from None

    async def attend(self, done: Callable[[], bool] = lambda: False, *, seconds: float | None = None) -> bool:
        """Serve the inbox until the work is `done` or the time is up.

        Returns False as soon as a command has moved the order, so that the next step is chosen again.
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
        """Settle a command; one that cannot be settled is rejected, so that those behind it are served."""
        try:
            await self.settle(signal)
        except StepGivenUpError as failed:
            if signal.name != LOOK:  # not a command; the main loop reads the state again by itself
                await self.reject(signal, failed.reason)

    async def reject(self, signal: Signal, reason: str) -> None:
        """Record that a command failed, without what was typed: that may be what could not be stored."""
        failed = FailedSignal(signal.order_id, signal.name, signal.command_id, reason=reason)
        try:
            await self.run_local(activities.reject_signal, failed)
        except StepGivenUpError:
            workflow.logger.error("The signal %s of order %s could not be recorded.", signal.name, signal.order_id)

    async def run_or_stall(self, step: Callable[[], Awaitable[object]]) -> None:
        """Run a step. If it is given up, the order is flagged and the step retried some time later."""
        try:
            if not self.state.is_stalled:
                await step()
            elif await self.attend(seconds=policies.STALLED_SECONDS):
                await self.run_local(activities.resume_order, self.ref)
        except StepGivenUpError as failed:
            await self.stall(failed)

    async def stall(self, failed: StepGivenUpError) -> None:
        """Flag the order. If it is flagged for another reason, or cannot be, wait here, to avoid a hot loop."""
        try:
            step = FailedStep(self.order_id, failed.step, failed.reason, self.shipment)
            await self.run_local(activities.stall_order, step)
        except StepGivenUpError:
            workflow.logger.error("Order %s could not be flagged for its step %s.", self.order_id, failed.step)
        if not self.state.is_stalled:
            await self.attend(seconds=policies.STALLED_SECONDS)

    async def settle(self, signal: Signal) -> None:
        if signal.name == LOOK:
            await self.read_state()
        else:
            await self.run_local(activities.settle_command, signal)

    async def read_state(self) -> None:
        """Read the order's state."""
        await self.run_local(activities.look_at_order, self.ref)

    async def pass_deadline(self) -> None:
        """Apply what the timer decides."""
        deadline = Deadline(self.order_id, self.status, self.state.version, self.shipment)
        await self.run_local(activities.pass_deadline, deadline)

    async def settle_the_rest(self) -> None:
        """Reject the commands that arrived too late, so that each has an outcome."""
        while self.inbox:
            await self.settle_or_reject(self.inbox.popleft())

    def receive(self, name: str, args: Sequence[RawValue]) -> None:
        """Put a signal into the inbox, whatever its payload. It must never raise: the workflow would be stuck."""
        body: Any = None
        try:
            values = [workflow.payload_converter().from_payload(arg.payload) for arg in args]
            body = values[0] if len(values) == 1 else values or None
            if _is_nested_deeper_than(MAX_DEPTH, body):  # it could not be passed to an activity
                body = None
        except Exception:  # noqa: BLE001 - any payload at all may come; what cannot be read is judged like nothing
            body = None
        command_id = _command_id(body)
        if command_id is None:
            self.signal_by_hand(name, body)
        else:
            self.inbox.append(Signal(self.order_id_now(), name, command_id))

    def signal_by_hand(self, name: str, body: Any = None) -> None:
        """Put a signal without a row into the inbox, under an id that replays and resets reproduce."""
        self.signals_by_hand += 1
        run = UUID(workflow.info().original_execution_run_id)
        self.inbox.append(Signal(self.order_id_now(), name, str(uuid5(run, str(self.signals_by_hand))), body))

    def order_id_now(self) -> str:
        """The order's id, also for a signal handled before `run` has begun."""
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
    """The command id in a signal of ours; None in one sent by hand."""
    if not isinstance(body, dict):
        return None
    try:
        return str(UUID(str(body.get("command_id"))))
    except ValueError:
        return None
