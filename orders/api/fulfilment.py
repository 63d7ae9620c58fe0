"""Routes for warehouses, which see the orders of all shops, but only what is needed to ship them."""

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from orders.api import answers
from orders.api.auth import FULFIL
from orders.api.fields import Level, Token, whole_number
from orders.api.listing import NamedQuery, cursor_after, place_of
from orders.api.orders import COMMAND, PROBLEMS, Key, Wait
from orders.api.outcomes import ClientCommand, carry_out
from orders.api.results import ToFulfilOut
from orders.api.returns import PieceIn, pieces
from orders.api.schemas import ReasonIn
from orders.commands import Kind
from orders.selectors.fulfilment import order_that_people_fulfil, orders_to_fulfil

router = Router(tags=["fulfilment"])

ShipmentNumber = Annotated[int, Field(ge=1, le=1000, strict=True, description="The `number` of a shipment.")]
Step = Literal["pick", "pack", "ship", "deliver"]
Setback = Literal["fail_picking", "fail_delivery"]


class FulfilmentIn(ReasonIn):
    """A step that was completed or failed. With `ship`, the carrier and the tracking number may be given.

    `shipment` is the `number` of a shipment of the order; it is left out for an order that was not split.
    """

    step: Step | Setback
    shipment: ShipmentNumber | None = None
    carrier: Level | None = None
    tracking_number: Token | None = None


class SplitIn(ReasonIn):
    """The pieces that leave a shipment for a new one; without `shipment`, those of an order that was not split yet."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"items": [{"position": 1, "qty": 1}]}]})

    items: Annotated[list[PieceIn], Field(min_length=1, max_length=100)]
    shipment: ShipmentNumber | None = None


class FulfilmentQuery(NamedQuery):
    """Which orders to list."""

    step: Step = Field("pick", description="The step that the orders wait for.")
    limit: Annotated[int, BeforeValidator(whole_number), Field(ge=1, le=100)] = 20
    cursor: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="The `next_cursor` of the previous page."
    )


@router.get(
    "/fulfilment",
    auth=FULFIL,
    response={200: ToFulfilOut, **PROBLEMS},
    summary="List orders to fulfil",
    operation_id="list_to_fulfil",
)
def to_fulfil(request: HttpRequest, query: Query[FulfilmentQuery]) -> ToFulfilOut:  # noqa: ARG001 - given by this name
    """Returns the orders that wait for a step, oldest first; by default those to be picked."""
    found = orders_to_fulfil(Kind(query.step), after=place_of(query.cursor), limit=query.limit + 1)
    page = found[: query.limit]
    return ToFulfilOut(
        orders=[answers.to_fulfil(order) for order in page],
        next_cursor=cursor_after(page[-1]) if len(found) > query.limit else None,
    )


@router.post(
    "/orders/{order_id}/fulfilment",
    auth=FULFIL,
    response=COMMAND,
    summary="Report a fulfilment step",
    operation_id="fulfil_order",
)
def fulfil(
    request: HttpRequest, order_id: UUID, body: FulfilmentIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Reports a completed or failed step of an order with manual fulfilment."""
    named = {"carrier": body.carrier, "tracking_number": body.tracking_number, "shipment": body.shipment}
    args = {name: value for name, value in named.items() if value}
    return carry_out(
        request,
        order_that_people_fulfil(order_id),
        ClientCommand(Kind(body.step), body.reason, args),
        idempotency_key,
        wait,
    )


@router.post(
    "/orders/{order_id}/shipments",
    auth=FULFIL,
    response=COMMAND,
    summary="Split a shipment",
    operation_id="split_shipment",
)
def split(
    request: HttpRequest, order_id: UUID, body: SplitIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Makes pieces of a shipment that is not packed yet a shipment of their own, which is picked, packed and sent by
    itself.
    """
    args: dict[str, object] = {"items": pieces(body.items)}
    return carry_out(
        request,
        order_that_people_fulfil(order_id),
        ClientCommand(Kind.SPLIT_SHIPMENT, body.reason, args | ({"shipment": body.shipment} if body.shipment else {})),
        idempotency_key,
        wait,
    )
