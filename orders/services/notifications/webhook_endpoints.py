"""Where shops want to be called: registered, with a secret that is derived and never stored, changed over, removed."""

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
# So long the secret before signs beside the new one.
OVERLAP = timedelta(hours=24)
# A name server that does not answer keeps each check, and with it a thread of the web server, for some seconds.
CHECK_RETRY_AFTER_SECONDS = 3
_checks = Slots(2, for_one_client=1)
SWITCHED_OFF = "The endpoint is switched off."


def check_url(asked_by: str, url: str) -> None:
    """Make sure that we would call this URL; it asks DNS, so no transaction may be open.

    Raises:
        InvalidOrder: we would not.
        TooManyRequests: others are being checked.
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
    """Call this URL, which was checked, from now on with every event of the client's orders.

    Raises:
        InvalidOrder: it is registered already, or the client has as many as it may have.
    """
    with transaction.atomic():
        ApiClient.objects.select_for_update().get(pk=client.pk)
        check_room(client, url)
        return WebhookEndpoint.objects.create(client=client, url=url)


def check_room(client: ApiClient, url: str) -> None:
    """Make sure that the client may register another URL, this one.

    Raises:
        InvalidOrder: it is registered already, or the client has as many as it may have.
    """
    urls = list(client.endpoints.exclude(state=State.REMOVED).values_list("url", flat=True))
    if url in urls:
        raise InvalidOrder({"/url": "is registered already"})
    if len(urls) >= MAX_ENDPOINTS:
        raise InvalidOrder({"/url": f"would be more than {MAX_ENDPOINTS} endpoints: remove one"})


def remove_endpoint(client: ApiClient, endpoint_id: UUID) -> None:
    """Never call it again; what was on its way to it has failed.

    Raises:
        EndpointNotFound: the client has none with this id.
    """
    own_endpoint(client, endpoint_id)
    switch(endpoint_id, State.REMOVED, reason="removed by its client")


def rotate_secret(client: ApiClient, endpoint_id: UUID) -> WebhookEndpoint:
    """Give the endpoint a new secret; the one before signs beside it for a day. An older one ends at once.

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
    """The client's endpoint with this id, locked if so wished.

    Raises:
        EndpointNotFound: it has none, or has removed it.
    """
    rows = WebhookEndpoint.objects.filter(pk=endpoint_id, client=client).exclude(state=State.REMOVED)
    found = (rows.select_for_update() if lock else rows).first()
    if found is None:
        raise EndpointNotFound(f"There is no endpoint {endpoint_id}.")
    return found


def switch(endpoint_id: UUID, state: str, *, reason: str = "") -> None:
    """Call an endpoint or leave it alone, and let what is pending for it have failed then. A removed one stays so."""
    with transaction.atomic():
        WebhookEndpoint.objects.filter(pk=endpoint_id).exclude(state=State.REMOVED).update(
            state=state, state_reason=reason
        )
        if state != State.ACTIVE:
            fail_deliveries_of_inactive([endpoint_id])


def fail_deliveries_of_inactive(endpoint_ids: Iterable[UUID] | None = None) -> int:
    """Let what is pending for endpoints that are switched off or removed have failed; how many there were.

    Without ids: of all of them, for an event that was written while its endpoint was being switched off.
    """
    rows = Delivery.objects.filter(state=Delivery.State.PENDING, channel=Delivery.Channel.WEBHOOK)
    inactive = WebhookEndpoint.objects.exclude(state=State.ACTIVE)
    if endpoint_ids is not None:
        inactive = inactive.filter(pk__in=list(endpoint_ids))
    return rows.filter(endpoint__in=inactive).update(state=Delivery.State.FAILED, last_error=SWITCHED_OFF)


def secret_of(endpoint: WebhookEndpoint) -> str:
    """The endpoint's secret as its client keeps it: `whsec_` and base64."""
    return _derived(settings.WEBHOOK_KEYS[0], endpoint, endpoint.nonce)


def signing_secrets(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Every secret that the client may hold at this time: under each of our keys, the new one and the one before."""
    nonces = [endpoint.nonce]
    if endpoint.previous_until is not None and endpoint.previous_until > now:
        nonces.append(endpoint.previous_nonce)
    return [_derived(key, endpoint, nonce) for nonce in nonces for key in settings.WEBHOOK_KEYS]


def _derived(key: str, endpoint: WebhookEndpoint, nonce: str) -> str:
    digest = hmac.digest(key.encode(), f"{endpoint.pk}:{nonce}".encode(), hashlib.sha256)
    return f"whsec_{base64.b64encode(digest).decode()}"
