"""Decides from path and headers alone which requests are answered without reading their body."""

import re
from collections.abc import Mapping

from django.urls import Resolver404, resolve

from orders.errors import OrderError
from orders.paths import PAGES
from orders.services.commands.incoming_webhooks import STRIPE, check_headers, check_stripe_headers

_WEBHOOK = re.compile(r"/webhooks/([^/]+/[^/]+)")


def reads_body(method: str, path: str, headers: Mapping[str, str]) -> bool:
    """Whether a view may read the body: False for an unknown webhook sender, a client without a key, or an unknown
    path.

    The web server asks before it receives a body, with headers named as in a WSGI environment. The view refuses each of
    these as well, without reading the body.
    """
    if method in ("GET", "HEAD") or path.startswith(PAGES):
        return True
    webhook = _WEBHOOK.fullmatch(path)
    if webhook:
        return _may_be_signed(webhook[1], headers)
    return "AUTHORIZATION" in headers or _reads_without_key(path)


def _may_be_signed(source: str, headers: Mapping[str, str]) -> bool:
    given = {name.lower().replace("_", "-"): value for name, value in headers.items()}
    try:
        check_stripe_headers(given) if source == STRIPE else check_headers(source, given)
    except OrderError:
        return False
    return True


def _reads_without_key(path: str) -> bool:
    """Whether the path exists outside the API, whose routes require a key."""
    try:
        return not getattr(resolve(path).func, "csrf_exempt", False)
    except Resolver404:
        return False
