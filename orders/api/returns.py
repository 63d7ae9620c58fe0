"""Returns over HTTP: shops ask and decide, warehouses say what came."""

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
    """So many pieces of one line of the order."""

    position: Annotated[int, Field(ge=1, le=10_000, strict=True, description="of the item, as the order shows it")]
    qty: Quantity


class CameIn(PieceIn):
    """How many pieces of one line came; 0: none did."""

    qty: Annotated[int, Field(ge=0, le=10_000, strict=True)]


class ReturnIn(ReasonIn):
    """What a customer wants to send back. `reason` is in the customer's words."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"items": [{"position": 1, "qty": 1}], "cause": "damaged"}]}
    )

    items: Annotated[list[PieceIn], Field(min_length=1, max_length=100)]
    cause: Return.Cause


class ReceivedIn(ReasonIn):
    """What came; without `items`, all that was to come."""

    items: Annotated[list[CameIn], Field(min_length=1, max_length=100)] | None = None


@router.post(
    "/orders/{order_id}/returns", auth=WRITE, response=COMMAND, summary="Return items", operation_id="request_return"
)
def request_return(
    request: HttpRequest, order_id: UUID, body: ReturnIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Ask to send items of a delivered order back. The return has the id of this command."""
    args = {"items": _pieces(body.items), "cause": body.cause.value}
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
    """Let the parcel come; what is in it is refunded when it has."""
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
    """Say no; the customer reads the reason, which may not be left out."""
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
    """Say what came; what was paid for it is refunded."""
    if in_chunks(request) and not request.body:
        raise Malformed("An empty body in chunks may be one that was cut short: to receive all, send {} or no body.")
    order = order_by_id(order_id)
    came = {} if body.items is None else {"items": _pieces(body.items)}
    wanted = ClientCommand(Kind.RECEIVE_RETURN, body.reason, {"return": str(return_of(order, return_id).pk), **came})
    return carry_out(request, order, wanted, idempotency_key, wait)


def _pieces(items: list[PieceIn] | list[CameIn]) -> list[dict[str, int]]:
    return [{"position": item.position, "quantity": item.qty} for item in items]
