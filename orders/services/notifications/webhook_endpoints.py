"""Webhook endpoints: registering, rotating secrets (derived, never stored), switching off and removing."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from orders import ids
from orders.errors import AddressRefused, EndpointNotFound, GatewayUnavailable, InvalidOrder, TooManyRequests
from orders.gateways.webhooks import webhook_caller
from orders.models import ApiClient, Delivery, WebhookEndpoint
from orders.slots import Slots

State = WebhookEndpoint.State
MAX_ENDPOINTS = 10
# How long the previous secret keeps signing after a rotation.
OVERLAP = timedelta(hours=24)
# A name server that does not respond blocks a check, and with it a web thread, for some seconds.
CHECK_RETRY_AFTER_SECONDS = 3
_checks = Slots(2, for_one_client=1)
SWITCHED_OFF = "The endpoint is switched off."


def check_url(asked_by: str, url: str) -> None:
    """Check that this URL may be called. It queries DNS, so no transaction may be open.

    Raises:
        InvalidOrder: it may not be called.
        TooManyRequests: too many checks are running.
    """
    with _checks.taken(asked_by) as may_check:
        if not may_check:
            raise TooManyRequests("Another URL is being checked.", retry_after=CHECK_RETRY_AFTER_SECONDS)
        _check(url)


def _check(url: str) -> None:
    try:
        webhook_caller().check(url)
    except AddressRefused as error:
        raise InvalidOrder({"/url": error.message}) from None
    except GatewayUnavailable:
        raise InvalidOrder({"/url": "names a host that cannot be found"}) from None


def register_endpoint(client: ApiClient, url: str) -> WebhookEndpoint:
    """Register a URL, checked before, for every event of the client's orders.

    Raises:
        InvalidOrder: it is already registered, or the client has the maximum number of endpoints.
    """
    with transaction.atomic():
        ApiClient.objects.select_for_update().get(pk=client.pk)
        check_room(client, url)
        return WebhookEndpoint.objects.create(client=client, url=url)


def check_room(client: ApiClient, url: str) -> None:
    """Check that the client may register this URL.

    Raises:
        InvalidOrder: it is already registered, or the client has the maximum number of endpoints.
    """
    urls = list(client.endpoints.exclude(state=State.REMOVED).values_list("url", flat=True))
    if url in urls:
        raise InvalidOrder({"/url": "is registered already"})
    if len(urls) >= MAX_ENDPOINTS:
        raise InvalidOrder({"/url": f"would be more than {MAX_ENDPOINTS} endpoints: remove one"})


def remove_endpoint(client: ApiClient, endpoint_id: UUID) -> None:
    """Remove the endpoint; its pending deliveries fail.

    Raises:
        EndpointNotFound: the client has none with this id.
    """
    own_endpoint(client, endpoint_id)
    switch(endpoint_id, State.REMOVED, reason="removed by its client")


def rotate_secret(client: ApiClient, endpoint_id: UUID) -> WebhookEndpoint:
    """Give the endpoint a new secret. The previous one keeps signing for OVERLAP; an older one ends at once.

    Raises:
        EndpointNotFound: the client has none with this id.
    """
    with transaction.atomic():
        endpoint = own_endpoint(client, endpoint_id, lock=True)
        endpoint.previous_nonce, endpoint.nonce = endpoint.nonce, ids.access_nonce()
        endpoint.previous_until = timezone.now() + OVERLAP
        endpoint.save_changes()
    return endpoint


def own_endpoint(client: ApiClient, endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint:
    """The client's endpoint with this id.

    Raises:
        EndpointNotFound: there is none, or it was removed.
    """
    rows = WebhookEndpoint.objects.filter(pk=endpoint_id, client=client).exclude(state=State.REMOVED)
    found = (rows.select_for_update() if lock else rows).first()
    if found is None:
        raise EndpointNotFound(f"There is no endpoint {endpoint_id}.")
    return found


def switch(endpoint_id: UUID, state: str, *, reason: str = "") -> None:
    """Set an endpoint's state unless it is removed; if inactive, its pending deliveries fail."""
    with transaction.atomic():
        WebhookEndpoint.objects.filter(pk=endpoint_id).exclude(state=State.REMOVED).update(
            state=state, state_reason=reason
        )
        if state != State.ACTIVE:
            fail_deliveries_of_inactive([endpoint_id])


def fail_deliveries_of_inactive(endpoint_ids: Iterable[UUID] | None = None) -> int:
    """Fail the pending deliveries of inactive endpoints; returns how many.

    Without ids: of all inactive endpoints, for events written while one was being switched off.
    """
    rows = Delivery.objects.filter(state=Delivery.State.PENDING, channel=Delivery.Channel.WEBHOOK)
    inactive = WebhookEndpoint.objects.exclude(state=State.ACTIVE)
    if endpoint_ids is not None:
        inactive = inactive.filter(pk__in=list(endpoint_ids))
    return rows.filter(endpoint__in=inactive).update(state=Delivery.State.FAILED, last_error=SWITCHED_OFF)


def secret_of(endpoint: WebhookEndpoint) -> str:
    """The endpoint's current secret: `whsec_` and base64."""
    return _derived(settings.WEBHOOK_KEYS[0], endpoint, endpoint.nonce)


def signing_secrets(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Every secret that the client may hold: current and previous, under each of our keys."""
    nonces = [endpoint.nonce]
    if endpoint.previous_until is not None and endpoint.previous_until > now:
        nonces.append(endpoint.previous_nonce)
    return [_derived(key, endpoint, nonce) for nonce in nonces for key in settings.WEBHOOK_KEYS]


def _derived(key: str, endpoint: WebhookEndpoint, nonce: str) -> str:
    digest = hmac.digest(key.encode(), f"{endpoint.pk}:{nonce}".encode(), hashlib.sha256)
    return f"whsec_{base64.b64encode(digest).decode()}"
