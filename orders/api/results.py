"""What callers are answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from orders.money import to_decimal


class Money(Schema):
    """An amount three ways: for people, for programs, and what it is counted in."""

    amount: str
    minor: int
    currency: str

    @staticmethod
    def of(minor: int, currency: str) -> "Money":
        """`minor` units of `currency`."""
        return Money(amount=str(to_decimal(minor, currency)), minor=minor, currency=currency)


class PlacedOut(Schema):
    """An order that was accepted: it will not be lost."""

    order_id: UUID
    code: str
    reference: str | None
    workflow_id: str
    status: str
    total: Money
    tracking_url: str


class ItemOut(Schema):
    """One line of an order."""

    position: int
    sku: str
    name: str
    qty: int
    price: Money
    weight: int


class RefundOut(Schema):
    """Money on its way back."""

    id: UUID
    state: str
    amount: Money
    created_at: datetime


class PaymentOut(Schema):
    """One attempt to charge."""

    id: UUID
    state: str
    amount: Money
    refunded: Money
    decline_reason: str
    refunds: list[RefundOut]


class ShipmentOut(Schema):
    """A parcel.

    One that people handed over has the carrier and the tracking number that they named, each empty if none. No label
    was booked for it, so `booked_at` is null.
    """

    id: UUID
    state: str
    carrier: str
    tracking_number: str
    address: dict[str, str]
    booked_at: datetime | None


class ReturnItemOut(Schema):
    """So many pieces of one line of the order; `received` once the parcel came."""

    position: int
    sku: str
    qty: int
    received: int | None


class ReturnOut(Schema):
    """What comes back, and what goes back for it.

    `requested`, `approved`, then `received` and `refunded`; or `refused`, `expired` (it never came), `closed` (it came,
    and nothing goes back for it).
    """

    id: UUID
    number: int
    state: str
    cause: str
    reason: str
    answer: str = Field(description="why it was refused")
    items: list[ReturnItemOut]
    amount: Money | None = Field(description="what goes back; null until the parcel came")
    deadline: datetime | None = Field(description="until when it is to be decided, or to arrive")
    created_at: datetime
    decided_at: datetime | None
    received_at: datetime | None
    closed_at: datetime | None


class OrderSummary(Schema):
    """An order in a list."""

    order_id: UUID
    code: str
    reference: str | None
    status: str
    waiting_for: str
    deadline: datetime | None
    held: bool
    needs_attention: bool
    customer_name: str
    customer_email: str
    total: Money
    created_at: datetime
    updated_at: datetime


class OrdersOut(Schema):
    """One page of a client's orders, newest first."""

    orders: list[OrderSummary]
    next_cursor: str | None = Field(description="send it as `cursor` for the next page; null on the last")


class ParcelItem(Schema):
    """What goes into a parcel."""

    sku: str
    name: str
    qty: int
    weight: int


class ToFulfil(Schema):
    """An order as a warehouse sees it."""

    order_id: UUID
    code: str
    status: str
    waiting_for: str
    customer_name: str
    shipping_address: dict[str, str]
    service_level: str
    items: list[ParcelItem]
    shipments: list[ShipmentOut]
    created_at: datetime


class ToFulfilOut(Schema):
    """One page of what is to be done, the oldest first."""

    orders: list[ToFulfil]
    next_cursor: str | None


class ReceivedOut(Schema):
    """A webhook that was stored. `outcome` says what followed."""

    event_id: str
    outcome: str
    command_id: UUID | None


class OrderOut(PlacedOut):
    """An order as it stands."""

    waiting_for: str
    deadline: datetime | None
    held: bool
    needs_attention: bool
    invalid_reasons: list[str]
    accepts: list[str]
    customer_name: str
    customer_email: str
    shipping_address: dict[str, str]
    service_level: str
    items: list[ItemOut]
    subtotal: Money
    shipping: Money
    tax: Money
    discount: Money
    payments: list[PaymentOut]
    shipments: list[ShipmentOut]
    returns: list[ReturnOut]
    created_at: datetime
    updated_at: datetime


class EventOut(Schema):
    """What happened."""

    seq: int
    type: str
    status: str
    actor: str
    data: dict[str, Any]
    command_id: UUID | None
    created_at: datetime
    hash: str


class WebhookOut(Schema):
    """What is sent to your endpoints: one event, as `GET /orders/{id}/events` tells it, and which order's it is."""

    id: UUID = Field(description="the event's; the header webhook-id is the delivery's")
    type: str
    seq: int = Field(description="counts the order's events, without gaps")
    order_id: UUID
    code: str
    reference: str | None
    status: str = Field(description="where the order stood after it")
    data: dict[str, Any]
    created_at: datetime


class EventsOut(Schema):
    """Everything that happened to an order, in order."""

    events: list[EventOut]


class CommandOut(Schema):
    """A command and its state: `pending`, `delivered`, then `applied` or `rejected`.

    A refund that a second person must agree to is `awaiting_approval` first; `rejected`, if that person refuses.
    """

    command_id: UUID
    order_id: UUID
    kind: str
    state: str
    outcome: str
    actor: str
    reason: str
    created_at: datetime
    settled_at: datetime | None


class FaultOut(Schema):
    """One field at fault."""

    pointer: str = Field(description="a JSON pointer into the body, or the name of a parameter")
    detail: str


class ProblemOut(Schema):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FaultOut] | None = Field(None, description="the fields at fault, the first 20 of them")
    command_id: UUID | None = Field(None, description="the command that was recorded as rejected")
    status_of_order: str | None = None
    accepts: list[str] | None = Field(None, description="the commands that the order accepts")
