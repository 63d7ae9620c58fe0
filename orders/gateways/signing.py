"""Signatures of webhooks, as Standard Webhooks has them: base64 of HMAC-SHA256 over `id.timestamp.body`."""

import base64
import binascii
import hashlib
import hmac

from orders.errors import SignatureRefused


def sign(secret: str, event_id: str, sent_at: str, body: bytes) -> str:
    """The signature of a message under a secret, with or without its prefix `whsec_`.

    Raises:
        SignatureRefused: the secret is not base64, so that nothing can match it.
    """
    content = f"{event_id}.{sent_at}.".encode() + body
    digest = hmac.digest(_key(secret), content, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise SignatureRefused("No signature matches.") from None
