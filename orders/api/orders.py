"""Orders and their commands over HTTP."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Body, Header, Query, Router
from pydantic import AfterValidator

from orders.api import answers
from orders.api.auth import READ, REFUND, WRITE, actor_of, client_of
from orders.api.fields import without_card_number
from orders.api.forms import new_order
from orders.api.listing import OrdersQuery, cursor_after, place_of
from orders.api.outcomes import ClientCommand, carry_out, in_order, once, refusal, refused, replayable, what_became
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
from orders.errors import InvalidOrder, ReferenceTaken
from orders.models import Order
from orders.money import to_minor
from orders.selectors.clients import order_of_client, orders_of_client
from orders.selectors.orders import of_one_moment
from orders.services.commands import idempotency
from orders.services.customers.access import tracking_url
from orders.services.orders.placement import place_order

router = Router(tags=["orders"])

Key = Annotated[
    str,
    AfterValidator(without_card_number),
    Header("", alias="Idempotency-Key", max_length=255, description="makes the request safe to send again"),
]
Wait = Annotated[float, Query(0, ge=0, le=10, description="wait so many seconds for the outcome")]
Reasons = Annotated[ReasonIn, Body(default_factory=ReasonIn)]
# What any request with a key may be answered.
PROBLEMS = dict.fromkeys((401, 403, 404, 405, 422, 429, 500, 503), ProblemOut)
WRITING = {**PROBLEMS, **dict.fromkeys((400, 409, 413, 415), ProblemOut)}
COMMAND = {202: CommandOut, **WRITING}


def own_order(request: HttpRequest, order_id: UUID) -> Order:
    """The caller's order with this id.

    Raises:
        OrderNotFound: it has none.
    """
    return order_of_client(client_of(request), order_id)


@router.post(
    "/orders", auth=WRITE, response={201: PlacedOut, **WRITING}, summary="Place an order", operation_id="place_order"
)
def place(request: HttpRequest, body: OrderIn, idempotency_key: Key = "") -> HttpResponse:
    """Accept an order. Sent again with its Idempotency-Key, it gives the first answer and makes no second order.

    A request that is not valid leaves its key unused: send it again, mended, with the same key or a new one.
    """
    client = client_of(request)
    new = new_order(body)

    def effect() -> idempotency.Answer:
        try:
            order = place_order(new, actor=actor_of(client), client=client)
        except ReferenceTaken as error:
            return refusal(error)
        stored = answers.placed(order).model_dump(mode="json", exclude={"tracking_url"})
        return idempotency.Answer(201, stored, order)

    answer = once(request, idempotency_key, body.model_dump(mode="json"), effect)
    if answer.order is None:
        return refused(request, answer)
    content = in_order({**answer.body, "tracking_url": tracking_url(answer.order)}, PlacedOut)
    return replayable(JsonResponse(content, status=answer.status), answer)


@router.get(
    "/orders", auth=READ, response={200: OrdersOut, **PROBLEMS}, summary="List your orders", operation_id="list_orders"
)
def show_all(request: HttpRequest, query: Query[OrdersQuery]) -> OrdersOut:
    """Newest first, a page at a time; every filter narrows the list."""
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
    summary="See an order",
    operation_id="show_order",
)
def show(request: HttpRequest, order_id: UUID) -> OrderOut:
    """The order as it stands, what it waits for, and the commands it accepts now."""
    return of_one_moment(own_order(request, order_id), answers.order_in_full)


@router.get(
    "/orders/{order_id}/events",
    auth=READ,
    response={200: EventsOut, **PROBLEMS},
    summary="See its events",
    operation_id="list_events",
)
def events(request: HttpRequest, order_id: UUID) -> EventsOut:
    """Everything that happened to the order, in order."""
    order = own_order(request, order_id)
    return EventsOut(events=[EventOut.from_orm(event) for event in order.events.all()])


@router.get(
    "/orders/{order_id}/commands/{command_id}",
    auth=READ,
    response={200: CommandOut, **PROBLEMS},
    summary="See a command",
    operation_id="show_command",
)
def command(request: HttpRequest, order_id: UUID, command_id: UUID, wait: Wait = 0) -> CommandOut:
    """The outcome of a command."""
    return what_became(request, own_order(request, order_id), command_id, within=wait)


@router.post(
    "/orders/{order_id}/cancel", auth=WRITE, response=COMMAND, summary="Cancel an order", operation_id="cancel_order"
)
def cancel(
    request: HttpRequest, order_id: UUID, body: Reasons, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Stop the order; whatever was charged is refunded in full."""
    return carry_out(
        request, own_order(request, order_id), ClientCommand(Kind.CANCEL, body.reason, {}), idempotency_key, wait
    )


@router.put(
    "/orders/{order_id}/shipping-address",
    auth=WRITE,
    response=COMMAND,
    summary="Change the address",
    operation_id="change_address",
)
def change_address(
    request: HttpRequest, order_id: UUID, body: AddressIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Send the parcel elsewhere: until the booking of its label begins or, where people fulfil it, its hand-over."""
    wanted = ClientCommand(Kind.UPDATE_ADDRESS, "", {"address": body.model_dump()})
    return carry_out(request, own_order(request, order_id), wanted, idempotency_key, wait)


@router.post(
    "/orders/{order_id}/cancel-payment",
    auth=WRITE,
    response=COMMAND,
    summary="Take the payment back",
    operation_id="cancel_payment",
)
def cancel_payment(
    request: HttpRequest, order_id: UUID, body: Reasons, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Charge nothing, or refund it; the order then waits for a new payment."""
    return carry_out(
        request,
        own_order(request, order_id),
        ClientCommand(Kind.CANCEL_PAYMENT, body.reason, {}),
        idempotency_key,
        wait,
    )


@router.post(
    "/orders/{order_id}/payments", auth=WRITE, response=COMMAND, summary="Pay again", operation_id="retry_payment"
)
def retry_payment(
    request: HttpRequest, order_id: UUID, body: PaymentIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Charge an order that waits for its payment, with another payment method."""
    wanted = ClientCommand(Kind.RETRY_PAYMENT, body.reason, {"payment_method": body.payment_method})
    return carry_out(request, own_order(request, order_id), wanted, idempotency_key, wait)


@router.post(
    "/orders/{order_id}/refunds", auth=REFUND, response=COMMAND, summary="Give money back", operation_id="refund_order"
)
def refund(
    request: HttpRequest, order_id: UUID, body: RefundIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Refund part of what was charged, or all that is left; to give all back before it is shipped is to cancel.

    Above the limit of one person the answer's state is `awaiting_approval`: a second person of the seller decides, and
    the command keeps its id.
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
        raise InvalidOrder({"/amount": "must be above zero"})
    return minor
