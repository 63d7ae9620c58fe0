"""Where carriers and payment gateways tell what happened."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Header, Router, Status
from pydantic import BaseModel, Field, ValidationError

from orders.api.fields import Token
from orders.api.parsing import StrictJSON
from orders.api.results import ProblemOut, ReceivedOut
from orders.errors import InvalidOrder
from orders.services.commands import incoming_webhooks

router = Router(tags=["webhooks"])

Signed = Annotated[str, Header("", description="as Standard Webhooks has it")]
PROBLEMS = dict.fromkeys((400, 401, 404, 405, 413, 415, 422, 500, 503), ProblemOut)


class ParcelIn(BaseModel):
    """Which parcel."""

    tracking_number: Token


class PaymentRefIn(BaseModel):
    """Which payment: the key it was asked for under."""

    idempotency_key: Token


class CarrierEventIn(BaseModel):
    """What a carrier says: `parcel.delivered` or `parcel.failed`. Other types and fields are ignored."""

    type: Token
    data: ParcelIn


class GatewayEventIn(BaseModel):
    """What a payment gateway says: `payment.updated`. We ask it for the outcome and believe nothing else."""

    type: Token
    data: PaymentRefIn = Field(description="any other member is ignored")


def _body(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.pop("$defs", {})
    schema["properties"]["data"] = definitions.popitem()[1]
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/webhooks/carriers/{carrier}",
    response={202: ReceivedOut, **PROBLEMS},
    summary="A carrier's word on a parcel",
    operation_id="receive_from_carrier",
    openapi_extra=_body(CarrierEventIn),
)
def from_carrier(
    request: HttpRequest,
    carrier: str,
    webhook_id: Signed = "",
    webhook_timestamp: Signed = "",
    webhook_signature: Signed = "",
) -> object:
    """Signed over the raw bytes of the body. Each `webhook-id` counts once; sent again, it gets the same answer."""
    del webhook_id, webhook_timestamp, webhook_signature  # they are read where the signature is checked
    source, event_id, sent = _opened(request, incoming_webhooks.CARRIERS, carrier, CarrierEventIn)
    subject = sent.data.tracking_number
    return _received(incoming_webhooks.Message(source=source, event_id=event_id, type=sent.type, subject=subject))


@router.post(
    "/webhooks/payments/{gateway}",
    response={202: ReceivedOut, **PROBLEMS},
    summary="A payment gateway's word on a payment",
    operation_id="receive_from_gateway",
    openapi_extra=_body(GatewayEventIn),
)
def from_gateway(
    request: HttpRequest,
    gateway: str,
    webhook_id: Signed = "",
    webhook_timestamp: Signed = "",
    webhook_signature: Signed = "",
) -> object:
    """The same for a payment. The body is not trusted: it makes us ask the gateway."""
    del webhook_id, webhook_timestamp, webhook_signature
    source, event_id, sent = _opened(request, incoming_webhooks.PAYMENTS, gateway, GatewayEventIn)
    subject = sent.data.idempotency_key
    return _received(incoming_webhooks.Message(source=source, event_id=event_id, type=sent.type, subject=subject))


def _opened(request: HttpRequest, side: str, sender: str, model: type[Any]) -> tuple[str, str, Any]:
    """Who sent it, its id, and what it says, once its signature is found right."""
    source = f"{side}/{sender}"
    incoming_webhooks.check_headers(source, request.headers)  # before a stranger's body is read
    event_id = incoming_webhooks.check_signature(source, request.headers, request.body)
    try:
        return source, event_id, model.model_validate(StrictJSON().parse_body(request))
    except ValidationError as error:
        raise InvalidOrder({"/" + "/".join(map(str, fault["loc"])): fault["msg"] for fault in error.errors()}) from None


def _received(message: incoming_webhooks.Message) -> object:
    row = incoming_webhooks.receive(message)
    return Status(202, ReceivedOut(event_id=row.event_id, outcome=row.outcome, command_id=row.command_id))
