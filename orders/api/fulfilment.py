"""Routes for warehouses, which see the orders of all shops, but only what is needed to ship them."""

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BeforeValidator, Field, StringConstraints

from orders.api import answers
from orders.api.auth import FULFIL
from orders.api.fields import Level, Token, whole_number
from orders.api.listing import NamedQuery, cursor_after, place_of
from orders.api.orders import COMMAND, PROBLEMS, Key, Wait
from orders.api.outcomes import ClientCommand, carry_out
from orders.api.results import ToFulfilOut
from orders.api.schemas import ReasonIn
from orders.commands import Kind
from orders.selectors.fulfilment import order_that_people_fulfil, orders_to_fulfil

router = Router(tags=["fulfilment"])

Step = Literal["pick", "pack", "ship", "deliver"]
Setback = Literal["fail_picking", "fail_delivery"]


class FulfilmentIn(ReasonIn):
    """A step that was completed or failed. With `ship`, the carrier and the tracking number may be given."""

    step: Step | Setback
    carrier: Level | None = None
    tracking_number: Token | None = None


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
    named = {"carrier": body.carrier, "tracking_number": body.tracking_number}
    args = {name: value for name, value in named.items() if value}
    return carry_out(
        request,
        order_that_people_fulfil(order_id),
        ClientCommand(Kind(body.step), body.reason, args),
        idempotency_key,
        wait,
    )
