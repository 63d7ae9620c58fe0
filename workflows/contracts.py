"""The data that crosses to Temporal: ids, timings, states. Fields are only ever added, with defaults."""

from dataclasses import dataclass, field
from typing import Any

from orders.commands import order_workflow_id, refund_workflow_id, return_workflow_id, shipping_workflow_id
from orders.lifecycle import Status

ORDERS_QUEUE = "orders"
SHIPPING_QUEUE = "shipping"
# The signal that makes a workflow read its order's state again; it is not a command.
LOOK = "look"
# The statuses of a shipment while a ShippingWorkflow carries it.
SHIPPED_BY_WORKFLOW = frozenset({Status.PAID, Status.PICKING, Status.PACKED, Status.SHIPPED})

__all__ = [
    "LOOK",
    "ORDERS_QUEUE",
    "SHIPPING_QUEUE",
    "Deadline",
    "FailedSignal",
    "FailedStep",
    "OrderInput",
    "OrderRef",
    "OrderState",
    "RefundInput",
    "ReturnDeadline",
    "ReturnRef",
    "ReturnSignal",
    "ReturnState",
    "Signal",
    "Timings",
    "order_workflow_id",
    "refund_workflow_id",
    "return_workflow_id",
    "shipping_workflow_id",
]


@dataclass(frozen=True)
class Timings:
    """Delays between the steps of an order, in seconds; zero sets no timer."""

    payment_delay: float = 0
    """Between the approval and the charge."""
    shipping_delay: float = 0
    """Between the charge and the start of shipping."""


@dataclass(frozen=True)
class OrderInput:
    """The input of OrderWorkflow and ShippingWorkflow."""

    order_id: str
    timings: Timings = field(default_factory=Timings)
    shipment: int = 0
    """For ShippingWorkflow: the number of the shipment; 0 from versions that knew one only."""


@dataclass(frozen=True)
class RefundInput:
    """The input of RefundWorkflow: the command that requests a refund, or decides on a failed one."""

    order_id: str
    command_id: str
    kind: str = "refund"


@dataclass(frozen=True)
class OrderRef:
    """The order that an activity is about."""

    order_id: str
    version: int = 0
    """That of the newest state that the workflow knows."""
    shipment: int = 0
    """For an activity of ShippingWorkflow: the number of the shipment, whose state is returned; 0: the order's."""


@dataclass(frozen=True)
class Deadline:
    """A deadline that passed while the order was in `status`."""

    order_id: str
    status: str
    version: int = 0
    """As in `OrderRef`."""
    shipment: int = 0
    """As in `OrderRef`."""


@dataclass(frozen=True)
class Signal:
    """A received signal. `command_id` is that of the command's row, or a new one for a signal sent by hand."""

    order_id: str
    name: str
    command_id: str
    body: Any = None
    """What was typed by hand, unchecked: the service judges it, never the handler."""


@dataclass(frozen=True)
class FailedStep:
    """A step of an order that was given up, and the reason, without personal data."""

    order_id: str
    step: str
    reason: str
    shipment: int = 0
    """As in `OrderRef`."""


@dataclass(frozen=True)
class FailedSignal(Signal):
    """A signal whose command could not be settled, and the reason, without personal data."""

    reason: str = ""


@dataclass(frozen=True)
class OrderState:
    """The order's state in the database. Every activity returns it, and the workflow follows it.

    ShippingWorkflow gets that of its shipment, as if this were the order's only one.
    """

    status: str
    version: int = 0
    """The number of the order's newest event: of two states, the one with the higher number is newer."""
    waiting_for: str = ""
    seconds_left: float | None = None
    """Until the deadline; None: there is none."""
    held: bool = False
    needs_attention: bool = False
    is_stalled: bool = False
    """A step of it was given up; it is retried after some time."""
    has_payment: bool = False
    """While it is being undone: a charge is open or not refunded."""
    has_label: bool = False
    """While it is being undone: a label is booked or being booked."""
    has_refund: bool = False
    """For RefundWorkflow and ReturnWorkflow: a refund is granted and not paid yet."""

    shipments: list[str] = field(default_factory=list)
    """Of a split order: the number and the status of each shipment, as `2:picking`."""

    @property
    def position(self) -> tuple[str | bool, ...]:
        """What the next step depends on."""
        return self.status, self.waiting_for, self.held, self.needs_attention, *self.shipments

    @property
    def to_ship(self) -> list[int]:
        """The numbers of the shipments that need a ShippingWorkflow, of an order in fulfilment."""
        named = [named.split(":") for named in self.shipments or [f"1:{self.status}"]]
        return [int(number) for number, status in named if status in SHIPPED_BY_WORKFLOW]


@dataclass(frozen=True)
class ReturnRef:
    """A return: the input of ReturnWorkflow, and of its activities."""

    order_id: str
    return_id: str


@dataclass(frozen=True)
class ReturnDeadline(ReturnRef):
    """A deadline that passed while the return was in the state `stage`."""

    stage: str


@dataclass(frozen=True)
class ReturnSignal(Signal):
    """A signal received by a return's workflow."""

    return_id: str = ""


@dataclass(frozen=True)
class ReturnState(OrderState):
    """The state of a return and its order in the database. `seconds_left` is the time until the return's deadline."""

    stage: str = ""
    """The state of the return; empty: its request was rejected."""
    is_open: bool = False
    """It waits for a decision, or for its parcel."""

    @property
    def is_under_way(self) -> bool:
        """Whether there is something to wait for or to pay."""
        return self.is_open or self.has_refund

    @property
    def position(self) -> tuple[str | bool, ...]:
        """What the next step depends on."""
        return self.stage, self.has_refund, self.seconds_left is None, self.is_stalled
