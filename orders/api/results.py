"""Response schemas."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from orders.money import to_decimal


class Money(Schema):
    """An amount as a decimal string in major units and as an integer in minor units, with its ISO 4217 currency."""

    amount: str = Field(description="In major units, such as 99.99.")
    minor: int = Field(description="In minor units, such as 9999.")
    currency: str = Field(description="ISO 4217 code.")

    @staticmethod
    def of(minor: int, currency: str) -> "Money":
        return Money(amount=str(to_decimal(minor, currency)), minor=minor, currency=currency)


class PlacedOut(Schema):
    """An order that was accepted and stored."""

    order_id: UUID
    code: str
    reference: str | None
    workflow_id: str = Field(description="The id of the order's workflow in Temporal.")
    status: str
    total: Money
    tracking_url: str = Field(description="The customer's page. Whoever has this URL can see the order.")
    payment_url: str | None = Field(
        description="Where the customer pays: send them there after your checkout. null if they do not have to."
    )


class ItemOut(Schema):
    """One line of an order."""

    position: int
    sku: str
    name: str
    qty: int
    price: Money
    weight: int


class RefundOut(Schema):
    """A refund of a payment."""

    id: UUID
    state: str
    amount: Money
    created_at: datetime


class PaymentOut(Schema):
    """One attempt to charge the order."""

    id: UUID
    state: str = Field(
        description="pending, authorised, captured, declined, voided, expired, failed or cancelled. voided, expired: "
        "it was authorised, and nothing was captured."
    )
    amount: Money
    authorised: Money = Field(description="What can still be captured.")
    authorised_until: datetime | None = Field(
        description="When the authorisation lapses; null if nothing is authorised."
    )
    captured: Money
    refunded: Money
    voided: Money = Field(description="What was authorised and never captured.")
    left: Money = Field(description="What was captured and not refunded.")
    decline_reason: str = Field(description="Why the charge was declined; empty otherwise.")
    refunds: list[RefundOut]


class ShipmentItemOut(Schema):
    """Pieces of one line of the order."""

    position: int
    sku: str
    qty: int


class ShipmentOut(Schema):
    """A parcel. An order that was split has several: `number` names one of them in a command, and stays when a parcel
    that failed is sent again.

    With manual fulfilment, `carrier` and `tracking_number` are those reported at hand-over, empty if none was. No label
    was booked then, and `booked_at` is null.
    """

    id: UUID
    number: int
    state: str
    carrier: str
    tracking_number: str
    address: dict[str, str]
    items: list[ShipmentItemOut] = Field(description="What is in it; empty for the only parcel of an order.")
    booked_at: datetime | None


class ReturnItemOut(Schema):
    """A returned quantity of one line of the order. `received` is null until the parcel arrives."""

    position: int
    sku: str
    qty: int
    received: int | None


class ReturnOut(Schema):
    """A return.

    `state` is `requested`, `approved`, `received`, then `refunded`; or `refused`, `expired` (the parcel did not arrive)
    or `closed` (it arrived, and nothing is refunded).
    """

    id: UUID
    number: int
    state: str
    cause: str
    reason: str
    answer: str = Field(description="Why it was refused; empty otherwise.")
    items: list[ReturnItemOut]
    amount: Money | None = Field(description="The refund; null until the parcel arrives.")
    deadline: datetime | None = Field(description="The deadline of the decision, or of the parcel.")
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
    waiting_for: str = Field(description="What the order waits for; empty if nothing.")
    deadline: datetime | None = Field(description="Until when it waits; null without a deadline.")
    held: bool = Field(description="Whether the order is on hold.")
    needs_attention: bool = Field(description="Whether staff must act on the order.")
    customer_name: str
    customer_email: str
    total: Money
    created_at: datetime
    updated_at: datetime


class OrdersOut(Schema):
    """One page of orders, newest first."""

    orders: list[OrderSummary]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")


class ParcelItem(Schema):
    """One line of the contents of a parcel."""

    sku: str
    name: str
    qty: int
    weight: int


class ToFulfil(Schema):
    """An order as a warehouse sees it."""

    order_id: UUID
    code: str
    status: str
    waiting_for: str = Field(description="What the order waits for; empty if nothing.")
    customer_name: str
    shipping_address: dict[str, str]
    service_level: str
    items: list[ParcelItem]
    shipments: list[ShipmentOut]
    created_at: datetime


class ToFulfilOut(Schema):
    """One page of orders to fulfil, oldest first."""

    orders: list[ToFulfil]
    next_cursor: str | None


class ReceivedOut(Schema):
    """A webhook that was stored. `outcome` says how it was processed."""

    event_id: str
    outcome: str
    command_id: UUID | None


class OrderOut(PlacedOut):
    """An order in full."""

    waiting_for: str = Field(description="What the order waits for; empty if nothing.")
    deadline: datetime | None = Field(description="Until when it waits; null without a deadline.")
    held: bool = Field(description="Whether the order is on hold.")
    needs_attention: bool = Field(description="Whether staff must act on the order.")
    invalid_reasons: list[str] = Field(description="Why the order is invalid; empty otherwise.")
    accepts: list[str] = Field(description="The commands that the order accepts now.")
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
    """One event of an order."""

    seq: int
    type: str
    status: str
    actor: str
    data: dict[str, Any]
    command_id: UUID | None
    created_at: datetime
    hash: str = Field(description="The hash of the event, which includes that of the previous one.")


class WebhookOut(Schema):
    """The body of a webhook: one event, as in `GET /orders/{id}/events`, and its order."""

    id: UUID = Field(description="The event's id; the header webhook-id is that of the delivery.")
    type: str
    seq: int = Field(description="The number of the event within its order, without gaps.")
    order_id: UUID
    code: str
    reference: str | None
    status: str = Field(description="The order's status after the event.")
    data: dict[str, Any]
    created_at: datetime


class EventsOut(Schema):
    """All events of an order, oldest first."""

    events: list[EventOut]


class CommandOut(Schema):
    """A command. `state` is `pending`, `delivered`, then `applied` or `rejected`.

    A refund above the approval limit is `awaiting_approval` first, and `rejected` if approval is refused.
    """

    command_id: UUID
    order_id: UUID
    kind: str
    state: str
    outcome: str = Field(description="The result, as a sentence; empty until the command is settled.")
    actor: str = Field(description="Who issued it, such as `client:shop`, `staff:7` or `timer`.")
    reason: str
    created_at: datetime
    settled_at: datetime | None


class FaultOut(Schema):
    """One invalid field."""

    pointer: str = Field(description="A JSON pointer into the body, or the name of a parameter.")
    detail: str


class ProblemOut(Schema):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FaultOut] | None = Field(None, description="The invalid fields, at most 20.")
    command_id: UUID | None = Field(None, description="The command, which was recorded as rejected.")
    status_of_order: str | None = Field(None, description="The order's current status.")
    accepts: list[str] | None = Field(None, description="The commands that the order accepts now.")
