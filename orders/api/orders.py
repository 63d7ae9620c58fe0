"""Routes for orders and their commands."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Body, Header, Query, Router
from pydantic import AfterValidator

from orders.api import answers
from orders.api.auth import READ, REFUND, WRITE, client_of
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
from orders.api.schemas import AddressIn, OrderIn, PaymentIn, ReasonIn, RefundIn
from orders.commands import Kind
from orders.errors import InvalidOrder
from orders.models import Order
from orders.money import to_minor
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


@router.post(
    "/orders/{order_id}/cancel-payment",
    auth=WRITE,
    response=COMMAND,
    summary="Cancel the payment",
    operation_id="cancel_payment",
)
def cancel_payment(
    request: HttpRequest, order_id: UUID, body: Reasons, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Cancels or refunds the payment. The order is kept and waits for a new payment."""
    return carry_out(
        request,
        own_order(request, order_id),
        ClientCommand(Kind.CANCEL_PAYMENT, body.reason, {}),
        idempotency_key,
        wait,
    )


@router.post(
    "/orders/{order_id}/payments",
    auth=WRITE,
    response=COMMAND,
    summary="Retry the payment",
    operation_id="retry_payment",
)
def retry_payment(
    request: HttpRequest, order_id: UUID, body: PaymentIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Charges an order that awaits payment, with another payment method."""
    wanted = ClientCommand(Kind.RETRY_PAYMENT, body.reason, {"payment_method": body.payment_method})
    return carry_out(request, own_order(request, order_id), wanted, idempotency_key, wait)


@router.post(
    "/orders/{order_id}/refunds", auth=REFUND, response=COMMAND, summary="Refund a payment", operation_id="refund_order"
)
def refund(
    request: HttpRequest, order_id: UUID, body: RefundIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Refunds part of a payment, or all that is left. Before an order is shipped, cancel it to refund everything.

    Above the approval limit, the state is `awaiting_approval`: a second person at the seller decides, and the command
    keeps its id.
    """
    order = own_order(request, order_id)
    args = {} if body.amount is None else {"amount": _minor(body.amount, order.currency)}
    return carry_out(request, order, ClientCommand(Kind.REFUND, body.reason, args), idempotency_key, wait)


def _minor(amount: Decimal, currency: str) -> int:
    try:
        minor = to_minor(amount, currency)
    except ValueError as error:
        raise InvalidOrder({"/amount": str(error)}) from None
    if not minor:
        raise InvalidOrder({"/amount": "must be greater than zero"})
    return minor
