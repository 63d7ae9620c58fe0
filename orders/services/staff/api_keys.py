"""API clients and their keys: shown once, stored as hashes."""

import secrets
from collections.abc import Sequence
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from orders.models import ApiClient, ApiKey
from orders.selectors.clients import hash_of_key

PREFIX = "ol_"
PREFIX_LENGTH = 10
SCOPES = ("orders:read", "orders:write", "payments:write", "refunds:write", "fulfilment", "stock", "webhooks")
DEFAULT_SCOPES = ("orders:read", "orders:write")


def create_api_key(name: str, scopes: Sequence[str] = (), *, issued_by: AbstractBaseUser | None = None) -> str:
    """Issue a new key to the client with this name, which is created if needed. The key is returned here only.

    `scopes` are those of a new client (`DEFAULT_SCOPES` by default); an existing client gains those that it lacks, for
    all its keys, and loses none. Its other keys stay valid, so that keys can be rotated. `issued_by` is the member of
    staff who sees the key; None: issued from the shell.
    """
    key = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        client, _ = ApiClient.objects.get_or_create(name=name, defaults={"scopes": list(scopes or DEFAULT_SCOPES)})
        if set(scopes) - set(client.scopes):
            client = ApiClient.objects.select_for_update().get(pk=client.pk)
            client.scopes = list(dict.fromkeys([*client.scopes, *scopes]))
            client.save_changes()
        ApiKey.objects.create(
            client=client,
            prefix=key[:PREFIX_LENGTH],
            hash=hash_of_key(key),
            issued_by_id=issued_by.pk if issued_by else None,
        )
    return key


def revoke_key(key_id: UUID) -> None:
    ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=timezone.now())


def revoke_api_keys(name: str, prefix: str = "") -> int:
    """Revoke the keys of this client that begin with `prefix`; returns how many."""
    keys = ApiKey.objects.filter(client__name=name, revoked_at=None, prefix__startswith=prefix[:PREFIX_LENGTH])
    return keys.update(revoked_at=timezone.now())
