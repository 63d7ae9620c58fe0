"""Webhooks from carriers and payment gateways."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Header, Router, Status
from pydantic import BaseModel, Field, ValidationError

from orders.api.fields import Token
from orders.api.parsing import StrictJSON
from orders.api.results import ProblemOut, ReceivedOut
from orders.errors import InvalidOrder
from orders.gateways.payments import stripe_webhooks
from orders.services.commands import incoming_webhooks

router = Router(tags=["webhooks"])

Signed = Annotated[str, Header("", description="As specified by Standard Webhooks.")]
PROBLEMS = dict.fromkeys((400, 401, 404, 405, 413, 415, 422, 500, 503), ProblemOut)


class ParcelIn(BaseModel):
    """The parcel."""

    tracking_number: Token


class PaymentRefIn(BaseModel):
    """The payment, by the idempotency key of its charge."""

    idempotency_key: Token


class CarrierEventIn(BaseModel):
    """An event of a carrier: `parcel.in_transit`, `parcel.out_for_delivery`, `parcel.exception`, `parcel.delivered` or
    `parcel.failed`. Other types and fields are ignored.
    """

    type: Token
    data: ParcelIn


class GatewayEventIn(BaseModel):
    """An event of a payment gateway: `payment.updated`. The outcome is queried from the gateway; the body is not
    trusted.
    """

    type: Token
    data: PaymentRefIn = Field(description="Other members are ignored.")


class StripeEventIn(BaseModel):
    """An event of Stripe's. Of its `data`, the id of a PaymentIntent is read; everything else is ignored."""

    id: Token
    type: Token


def _body(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.pop("$defs", {})
    schema["properties"]["data"] = definitions.popitem()[1]
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/webhooks/carriers/{carrier}",
    response={202: ReceivedOut, **PROBLEMS},
    summary="Receive a carrier's webhook",
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
    """Receives an event of a carrier, signed over the raw bytes of the body. Each `webhook-id` counts once; repeated,
    it returns the same answer.
    """
    del webhook_id, webhook_timestamp, webhook_signature  # read when the signature is verified
    source, event_id, sent = _opened(request, incoming_webhooks.CARRIERS, carrier, CarrierEventIn)
    subject = sent.data.tracking_number
    return _received(incoming_webhooks.Message(source=source, event_id=event_id, type=sent.type, subject=subject))


@router.post(
    "/webhooks/payments/{gateway}",
    response={202: ReceivedOut, **PROBLEMS},
    summary="Receive a payment gateway's webhook",
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
    """Receives an event of a payment gateway, signed in the same way, or as Stripe signs its own. The body is not
    trusted: the gateway is queried for the outcome.
    """
    del webhook_id, webhook_timestamp, webhook_signature
    if f"{incoming_webhooks.PAYMENTS}/{gateway}" == incoming_webhooks.STRIPE:
        return _from_stripe(request)
    source, event_id, sent = _opened(request, incoming_webhooks.PAYMENTS, gateway, GatewayEventIn)
    subject = sent.data.idempotency_key
    return _received(incoming_webhooks.Message(source=source, event_id=event_id, type=sent.type, subject=subject))


def _from_stripe(request: HttpRequest) -> object:
    incoming_webhooks.check_stripe_headers(request.headers)  # before a body is read
    incoming_webhooks.check_stripe_signature(request.headers, request.body)
    event = StrictJSON().parse_body(request)
    sent, subject = _checked(event, StripeEventIn), stripe_webhooks.subject_of(event)
    source = incoming_webhooks.STRIPE
    return _received(incoming_webhooks.Message(source=source, event_id=sent.id, type=sent.type, subject=subject))


def _opened(request: HttpRequest, side: str, sender: str, model: type[Any]) -> tuple[str, str, Any]:
    """The source, the message's id and its body, once its signature is verified."""
    source = f"{side}/{sender}"
    incoming_webhooks.check_headers(source, request.headers)  # before an unknown sender's body is read
    event_id = incoming_webhooks.check_signature(source, request.headers, request.body)
    return source, event_id, _checked(StrictJSON().parse_body(request), model)


def _checked(body: object, model: type[Any]) -> Any:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InvalidOrder({"/" + "/".join(map(str, fault["loc"])): fault["msg"] for fault in error.errors()}) from None


def _received(message: incoming_webhooks.Message) -> object:
    row = incoming_webhooks.receive(message)
    return Status(202, ReceivedOut(event_id=row.event_id, outcome=row.outcome, command_id=row.command_id))
