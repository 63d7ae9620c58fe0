"""Where a shop wants to hear of its orders: URLs that every event is sent to, signed."""

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
    """A URL that is to be called."""

    url: Url


class EndpointOut(Schema):
    """An endpoint. `state`: `active`, or `disabled` with the reason, as after it answered 410."""

    id: UUID
    url: str
    state: str
    state_reason: str
    previous_until: datetime | None = Field(description="until when the secret before signs beside the new one")
    created_at: datetime


class EndpointsOut(Schema):
    """A client's endpoints."""

    endpoints: list[EndpointOut]


class EndpointWithSecret(EndpointOut):
    """An endpoint with its secret, which is shown in this answer alone."""

    secret: Annotated[str, WithJsonSchema({"type": "string", "pattern": "^whsec_"})]


@router.post(
    "/webhook-endpoints",
    auth=WEBHOOKS,
    response={201: EndpointWithSecret, **WRITING},
    summary="Register a URL",
    operation_id="register_endpoint",
)
def register(request: HttpRequest, body: EndpointIn, idempotency_key: Key = "") -> HttpResponse:
    """Send every event of your orders there from now on. The answer holds the secret that signs them, once."""
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
    summary="List your URLs",
    operation_id="list_endpoints",
)
def show_all(request: HttpRequest) -> EndpointsOut:
    """All that are not removed, the oldest first."""
    found = endpoints_of_client(client_of(request))
    return EndpointsOut(endpoints=[EndpointOut.from_orm(endpoint) for endpoint in found])


@router.delete(
    "/webhook-endpoints/{endpoint_id}",
    auth=WEBHOOKS,
    response={204: None, **PROBLEMS},
    summary="Remove a URL",
    operation_id="remove_endpoint",
)
def remove(request: HttpRequest, endpoint_id: UUID) -> Status[None]:
    """Call it no more; what is on its way there ends as failed."""
    webhook_endpoints.remove_endpoint(client_of(request), endpoint_id)
    return Status(204, None)


@router.post(
    "/webhook-endpoints/{endpoint_id}/secret",
    auth=WEBHOOKS,
    response={201: EndpointWithSecret, **WRITING},
    summary="Change its secret",
    operation_id="rotate_secret",
)
def rotate(request: HttpRequest, endpoint_id: UUID, idempotency_key: Key = "") -> HttpResponse:
    """Make a new secret, shown in this answer. The one before signs beside it for a day."""
    client = client_of(request)

    def effect() -> idempotency.Answer:
        return idempotency.Answer(201, {"id": str(webhook_endpoints.rotate_secret(client, endpoint_id).pk)})

    answer = once(request, idempotency_key, str(endpoint_id), effect)
    made = webhook_endpoints.own_endpoint(client, endpoint_id)
    return replayable(JsonResponse(_with_secret(made), status=201), answer)


def _with_secret(endpoint: WebhookEndpoint) -> dict[str, object]:
    shown = EndpointOut.from_orm(endpoint).model_dump()
    return {**shown, "secret": webhook_endpoints.secret_of(endpoint)}
