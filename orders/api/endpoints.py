"""Webhook endpoints: a shop's URLs, to which the events of its orders are sent, signed."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router, Schema, Status
from pydantic import Field, WithJsonSchema

from orders.api.auth import WEBHOOKS, actor_of, client_of
from orders.api.fields import Url
from orders.api.orders import PROBLEMS, WRITING, Key
from orders.api.outcomes import once, refused, replayable
from orders.api.schemas import Body
from orders.models import WebhookEndpoint
from orders.selectors.clients import endpoints_of_client
from orders.services.commands import idempotency
from orders.services.notifications import webhook_endpoints

router = Router(tags=["webhook endpoints"])


class EndpointIn(Body):
    """The URL to register."""

    url: Url


class EndpointOut(Schema):
    """A webhook endpoint. `state` is `active`, or `disabled` with the reason, for example because it answered 410."""

    id: UUID
    url: str
    state: str
    state_reason: str
    previous_until: datetime | None = Field(description="Until when the previous secret also signs.")
    created_at: datetime


class EndpointsOut(Schema):
    """The webhook endpoints of a client."""

    endpoints: list[EndpointOut]


class EndpointWithSecret(EndpointOut):
    """A webhook endpoint with its signing secret, which is returned in this answer only."""

    secret: Annotated[str, WithJsonSchema({"type": "string", "pattern": "^whsec_"})]


@router.post(
    "/webhook-endpoints",
    auth=WEBHOOKS,
    response={201: EndpointWithSecret, **WRITING},
    summary="Create a webhook endpoint",
    operation_id="register_endpoint",
)
def register(request: HttpRequest, body: EndpointIn, idempotency_key: Key = "") -> HttpResponse:
    """Sends every future event of your orders to this URL. The answer contains the signing secret, which is not shown
    again.
    """
    webhook_endpoints.check_url(actor_of(client_of(request)), body.url)  # asks DNS: before the transaction, not in it

    def effect() -> idempotency.Answer:
        made = webhook_endpoints.register_endpoint(client_of(request), body.url)
        return idempotency.Answer(201, {"id": str(made.pk)})

    answer = once(request, idempotency_key, body.model_dump(mode="json"), effect)
    if answer.status != 201:  # stored before invalid requests were left unstored
        return refused(request, answer)
    made = webhook_endpoints.own_endpoint(client_of(request), UUID(str(answer.body["id"])))
    return replayable(JsonResponse(_with_secret(made), status=201), answer)


@router.get(
    "/webhook-endpoints",
    auth=WEBHOOKS,
    response={200: EndpointsOut, **PROBLEMS},
    summary="List webhook endpoints",
    operation_id="list_endpoints",
)
def show_all(request: HttpRequest) -> EndpointsOut:
    """Returns all endpoints that are not removed, oldest first."""
    found = endpoints_of_client(client_of(request))
    return EndpointsOut(endpoints=[EndpointOut.from_orm(endpoint) for endpoint in found])


@router.delete(
    "/webhook-endpoints/{endpoint_id}",
    auth=WEBHOOKS,
    response={204: None, **PROBLEMS},
    summary="Remove a webhook endpoint",
    operation_id="remove_endpoint",
)
def remove(request: HttpRequest, endpoint_id: UUID) -> Status[None]:
    """Stops sending events to this endpoint. Deliveries that are still pending fail."""
    webhook_endpoints.remove_endpoint(client_of(request), endpoint_id)
    return Status(204, None)


@router.post(
    "/webhook-endpoints/{endpoint_id}/secret",
    auth=WEBHOOKS,
    response={201: EndpointWithSecret, **WRITING},
    summary="Rotate the signing secret",
    operation_id="rotate_secret",
)
def rotate(request: HttpRequest, endpoint_id: UUID, idempotency_key: Key = "") -> HttpResponse:
    """Returns a new signing secret, which is not shown again. The previous one also signs for 24 hours."""
    client = client_of(request)

    def effect() -> idempotency.Answer:
        return idempotency.Answer(201, {"id": str(webhook_endpoints.rotate_secret(client, endpoint_id).pk)})

    answer = once(request, idempotency_key, str(endpoint_id), effect)
    made = webhook_endpoints.own_endpoint(client, endpoint_id)
    return replayable(JsonResponse(_with_secret(made), status=201), answer)


def _with_secret(endpoint: WebhookEndpoint) -> dict[str, object]:
    shown = EndpointOut.from_orm(endpoint).model_dump()
    return {**shown, "secret": webhook_endpoints.secret_of(endpoint)}
