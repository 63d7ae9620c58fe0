"""Routes for orders and their commands."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Body, Header, Query, Router
from pydantic import AfterValidator

from orders.api import answers
from orders.api.auth import READ, WRITE, client_of
from orders.api.fields import without_card_number
from orders.api.listing import OrdersQuery, cursor_after, place_of
from orders.api.outcomes import ClientCommand, carry_out, command_outcome, refused, replayable
from orders.api.placing import place_once, placed_body
from orders.api.results import (
    CommandOut,
    EventOut,
    EventsOut,
    OrderOut,
    OrdersOut,
    PlacedOut,
    ProblemOut,
)
from orders.api.schemas import AddressIn, OrderIn, ReasonIn
from orders.commands import Kind
from orders.models import Order
from orders.selectors.clients import order_of_client, orders_of_client
from orders.selectors.orders import of_one_moment

router = Router(tags=["orders"])

Key = Annotated[
    str,
    AfterValidator(without_card_number),
    Header(
        "", alias="Idempotency-Key", max_length=255, description="Makes the request safe to repeat; unique for each."
    ),
]
Wait = Annotated[float, Query(0, ge=0, le=10, description="How many seconds to wait for the outcome.")]
Reasons = Annotated[ReasonIn, Body(default_factory=ReasonIn)]
# Errors of any route that needs a key.
PROBLEMS = dict.fromkeys((401, 403, 404, 405, 422, 429, 500, 503), ProblemOut)
WRITING = {**PROBLEMS, **dict.fromkeys((400, 409, 413, 415), ProblemOut)}
COMMAND = {202: CommandOut, **WRITING}


def own_order(request: HttpRequest, order_id: UUID) -> Order:
    """The client's order with this id.

    Raises:
        OrderNotFound: it has none.
    """
    return order_of_client(client_of(request), order_id)


@router.post(
    "/orders", auth=WRITE, response={201: PlacedOut, **WRITING}, summary="Place an order", operation_id="place_order"
)
def place(request: HttpRequest, body: OrderIn, idempotency_key: Key = "") -> HttpResponse:
    """Creates an order. Repeated with its Idempotency-Key, the request returns the first answer and creates no second
    order.

    An invalid request leaves its key unused: correct it and send it again with the same key or a new one.
    """
    answer = place_once(client_of(request), body, idempotency_key)
    placed = placed_body(answer)
    if placed is None:
        return refused(request, answer)
    return replayable(JsonResponse(placed, status=answer.status), answer)


@router.get(
    "/orders", auth=READ, response={200: OrdersOut, **PROBLEMS}, summary="List orders", operation_id="list_orders"
)
def show_all(request: HttpRequest, query: Query[OrdersQuery]) -> OrdersOut:
    """Returns your orders, newest first, one page at a time. All filters must match."""
    found = orders_of_client(client_of(request), query.sought(), after=place_of(query.cursor), limit=query.limit + 1)
    page = found[: query.limit]
    return OrdersOut(
        orders=[answers.summary(order) for order in page],
        next_cursor=cursor_after(page[-1]) if len(found) > query.limit else None,
    )


@router.get(
    "/orders/{order_id}",
    auth=READ,
    response={200: OrderOut, **PROBLEMS},
    summary="Retrieve an order",
    operation_id="show_order",
)
def show(request: HttpRequest, order_id: UUID) -> OrderOut:
    """Returns the order, what it waits for, and the commands that it accepts now."""
    return of_one_moment(own_order(request, order_id), answers.order_in_full)


@router.get(
    "/orders/{order_id}/events",
    auth=READ,
    response={200: EventsOut, **PROBLEMS},
    summary="List an order's events",
    operation_id="list_events",
)
def events(request: HttpRequest, order_id: UUID) -> EventsOut:
    """Returns all events of the order, oldest first."""
    order = own_order(request, order_id)
    return EventsOut(events=[EventOut.from_orm(event) for event in order.events.all()])


@router.get(
    "/orders/{order_id}/commands/{command_id}",
    auth=READ,
    response={200: CommandOut, **PROBLEMS},
    summary="Retrieve a command",
    operation_id="show_command",
)
def command(request: HttpRequest, order_id: UUID, command_id: UUID, wait: Wait = 0) -> CommandOut:
    """Returns a command and its outcome."""
    return command_outcome(request, own_order(request, order_id), command_id, within=wait)


@router.post(
    "/orders/{order_id}/cancel", auth=WRITE, response=COMMAND, summary="Cancel an order", operation_id="cancel_order"
)
def cancel(
    request: HttpRequest, order_id: UUID, body: Reasons, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Cancels the order. Any payment is refunded in full."""
    return carry_out(
        request, own_order(request, order_id), ClientCommand(Kind.CANCEL, body.reason, {}), idempotency_key, wait
    )


@router.put(
    "/orders/{order_id}/shipping-address",
    auth=WRITE,
    response=COMMAND,
    summary="Change the shipping address",
    operation_id="change_address",
)
def change_address(
    request: HttpRequest, order_id: UUID, body: AddressIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Replaces the shipping address: until booking of the label begins or, with manual fulfilment, until hand-over."""
    wanted = ClientCommand(Kind.UPDATE_ADDRESS, "", {"address": body.model_dump()})
    return carry_out(request, own_order(request, order_id), wanted, idempotency_key, wait)
