"""Routes for returns: shops request and decide them, warehouses report what arrived."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Body as InBody
from ninja import Router
from pydantic import ConfigDict, Field

from orders.api.auth import FULFIL, REFUND, WRITE
from orders.api.fields import Quantity
from orders.api.orders import COMMAND, Key, Reasons, Wait, own_order
from orders.api.outcomes import ClientCommand, carry_out
from orders.api.parsing import Malformed
from orders.api.schemas import Body, ReasonIn
from orders.bodies import in_chunks
from orders.commands import Kind
from orders.models import Return
from orders.selectors.orders import order_by_id
from orders.selectors.returns import return_of

router = Router(tags=["returns"])


class PieceIn(Body):
    """A quantity of one line of the order."""

    position: Annotated[int, Field(ge=1, le=10_000, strict=True, description="The `position` of the order line.")]
    qty: Quantity


class CameIn(PieceIn):
    """The quantity of one line that arrived; 0 if nothing did."""

    qty: Annotated[int, Field(ge=0, le=10_000, strict=True)]


class ReturnIn(ReasonIn):
    """The items to return, and why. `reason` is in the customer's own words."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"items": [{"position": 1, "qty": 1}], "cause": "damaged"}]}
    )

    items: Annotated[list[PieceIn], Field(min_length=1, max_length=100)]
    cause: Return.Cause


class ReceivedIn(ReasonIn):
    """The items that arrived; without `items`, everything that was expected."""

    items: Annotated[list[CameIn], Field(min_length=1, max_length=100)] | None = None


@router.post(
    "/orders/{order_id}/returns",
    auth=WRITE,
    response=COMMAND,
    summary="Request a return",
    operation_id="request_return",
)
def request_return(
    request: HttpRequest, order_id: UUID, body: ReturnIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Requests a return of items of a delivered order. The return has the id of this command."""
    args = {"items": pieces(body.items), "cause": body.cause.value}
    return carry_out(
        request,
        own_order(request, order_id),
        ClientCommand(Kind.REQUEST_RETURN, body.reason, args),
        idempotency_key,
        wait,
    )


@router.post(
    "/orders/{order_id}/returns/{return_id}/approve",
    auth=REFUND,
    response=COMMAND,
    summary="Approve a return",
    operation_id="approve_return",
)
def approve_return(
    request: HttpRequest, order_id: UUID, *, return_id: UUID, body: Reasons, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Approves the return. Its items are refunded once the parcel has arrived."""
    order = own_order(request, order_id)
    wanted = ClientCommand(Kind.APPROVE_RETURN, body.reason, {"return": str(return_of(order, return_id).pk)})
    return carry_out(request, order, wanted, idempotency_key, wait)


@router.post(
    "/orders/{order_id}/returns/{return_id}/refuse",
    auth=REFUND,
    response=COMMAND,
    summary="Refuse a return",
    operation_id="refuse_return",
)
def refuse_return(
    request: HttpRequest, order_id: UUID, *, return_id: UUID, body: Reasons, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Refuses the return. The reason is required, and shown to the customer."""
    order = own_order(request, order_id)
    wanted = ClientCommand(Kind.REFUSE_RETURN, body.reason, {"return": str(return_of(order, return_id).pk)})
    return carry_out(request, order, wanted, idempotency_key, wait)


@router.post(
    "/orders/{order_id}/returns/{return_id}/receive",
    auth=FULFIL,
    response=COMMAND,
    summary="Receive a return",
    operation_id="receive_return",
)
def receive_return(
    request: HttpRequest,
    order_id: UUID,
    *,
    return_id: UUID,
    body: Annotated[ReceivedIn, InBody(default_factory=ReceivedIn)],
    idempotency_key: Key = "",
    wait: Wait = 0,
) -> HttpResponse:
    """Records what arrived. What was paid for it is refunded."""
    if in_chunks(request) and not request.body:
        raise Malformed("An empty chunked body may be a truncated one. To receive everything, send {} or no body.")
    order = order_by_id(order_id)
    came = {} if body.items is None else {"items": pieces(body.items)}
    wanted = ClientCommand(Kind.RECEIVE_RETURN, body.reason, {"return": str(return_of(order, return_id).pk), **came})
    return carry_out(request, order, wanted, idempotency_key, wait)


def pieces(items: list[PieceIn] | list[CameIn]) -> list[dict[str, int]]:
    return [{"position": item.position, "quantity": item.qty} for item in items]
