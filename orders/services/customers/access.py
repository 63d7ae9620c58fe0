"""Access of customers to their order's page: tokens are derived, never stored, and revoked with a new nonce."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner

from orders import ids
from orders.models import Order
from orders.payment_methods import PAID_BY_CUSTOMER
from orders.selectors import tracking
from orders.selectors.payments import awaits_new_payment
from orders.services.customers.throttles import Limit, by_address, count
from orders.services.state.unit_of_work import locked_order

COOKIE_DAYS = 30
PROOF_HOURS = 12
# The value of `next` in a link that goes on to the payment.
TO_PAY = "pay"
_LINK, _PROOF = "orders.tracking", "orders.tracking.proof"
BY_CODE = Limit("find by code", 10)
BY_EMAIL = Limit("find by e-mail", 10)
# Compared with where there is no order, so that an unknown code takes as long as a wrong address.
_NOBODY = "nobody@example.invalid"


def tracking_token(order: Order) -> str:
    """The token of the customer's link: 256 bits, derived from the order and its nonce under the first key."""
    return _tokens(order, settings.TRACKING_KEYS[:1])[0]


def tracking_url(order: Order) -> str:
    """The link in e-mails and API answers. Opening it moves the token into a cookie, out of the URL.

    The token is in the query string, because logs of Django, the web server and proxies may contain the path.
    """
    return f"{settings.PUBLIC_URL}/track/{order.code}/?token={tracking_token(order)}"


def payment_url(order: Order) -> str | None:
    """The same link, which goes on to the payment; None for an order that its customer does not have to pay."""
    is_theirs = order.total > 0 and order.payment_method in PAID_BY_CUSTOMER
    return f"{tracking_url(order)}&next={TO_PAY}" if is_theirs or awaits_new_payment(order) else None


def is_token_of(order: Order, token: str) -> bool:
    """Whether this token is valid for this order, under any of the keys."""
    given = token.encode(errors="replace")
    matches = [hmac.compare_digest(own.encode(), given) for own in _tokens(order, settings.TRACKING_KEYS)]
    return any(matches)


def order_opened_by_link(code: str, token: str) -> Order | None:
    """The order with this code, if the token is valid for it."""
    order = tracking.order_with_code(code)
    return order if order is not None and is_token_of(order, token) else None


def order_opened_by_email(code: str, email: str, *, client: str) -> Order | None:
    """The order with this code, if this is the customer's address. `client` is the client's IP address.

    An unknown code and a wrong address take the same time: one query that returns one row, one comparison of digests.

    Raises:
        TooManyRequests: too many attempts by this client, for this code or this address, whether they exist or not.
    """
    count([(by_address("find"), client), (BY_CODE, code), (BY_EMAIL, email.strip().casefold())])
    known = tracking.email_of(code)
    same = hmac.compare_digest(_digest(known or _NOBODY), _digest(email))
    return tracking.order_with_code(code) if same and known else None


def order_opened_by_cookie(code: str, cookie: str) -> Order | None:
    """The order with this code, if the cookie was issued for it and its links were not revoked since."""
    order = tracking.order_with_code(code)
    if order is None:
        return None
    try:
        opened = _signer(order).unsign(cookie, max_age=timedelta(days=COOKIE_DAYS))
    except BadSignature:
        return None
    return order if opened == str(order.pk) else None


def access_cookie(order: Order) -> str:
    """The value of the cookie that gives access to this order's page for thirty days."""
    return _signer(order).sign(str(order.pk))


def proof_cookie(order: Order) -> str:
    """The value of the cookie that records, for twelve hours, that the second proof was given in this browser."""
    return _signer(order, _PROOF).sign(str(order.pk))


def is_proven(order: Order, cookie: str) -> bool:
    """Whether this cookie records the second proof for this order, and its links were not revoked since."""
    try:
        return _signer(order, _PROOF).unsign(cookie, max_age=timedelta(hours=PROOF_HOURS)) == str(order.pk)
    except BadSignature:
        return False


def revoke_links(order_id: UUID) -> None:
    """Invalidate every link and cookie issued for the order so far.

    Raises:
        OrderNotFound: no order has this id.
    """
    with locked_order(order_id) as order:
        order.access_nonce = ids.access_nonce()


def _signer(order: Order, salt: str = _LINK) -> TimestampSigner:
    """A signer whose key includes the order's nonce: a new nonce invalidates every cookie."""
    keys: list[str | bytes] = [f"{key}:{order.access_nonce}" for key in settings.TRACKING_KEYS]
    return TimestampSigner(key=keys[0], fallback_keys=keys[1:], salt=salt)


def _tokens(order: Order, keys: Iterable[str]) -> list[str]:
    message = f"{order.pk}:{order.access_nonce}".encode()
    digests = (hmac.digest(key.encode(), message, hashlib.sha256) for key in keys)
    return [base64.urlsafe_b64encode(digest).rstrip(b"=").decode() for digest in digests]


def _digest(email: str) -> bytes:
    return hashlib.sha256(email.strip().casefold().encode(errors="replace")).digest()
