"""The second proof: a six-digit code, e-mailed to the customer, before a page shows an address or accepts a change."""

import hashlib
import hmac
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.errors import TooManyRequests
from orders.models import AccessCode, Order
from orders.selectors.tracking import newest_code
from orders.services.customers.throttles import by_address, count
from orders.services.state.deliveries import write_mail
from orders.services.state.unit_of_work import locked_order

CODE_TTL = timedelta(minutes=10)
MAX_TRIES = 5
MAX_AN_HOUR = 5
HOUR = timedelta(hours=1)
RETENTION = timedelta(days=1)
TEMPLATE = "access_code"


class Answer(StrEnum):
    """The result of entering a code. `over`: no valid code is left."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"


def send_code(order_id: UUID, *, client: str) -> AccessCode:
    """E-mail a new code; earlier ones become invalid. `client` is the client's IP address.

    Raises:
        TooManyRequests: five codes were sent within the hour, or the client asks too often.
    """
    count([(by_address("code mails"), client)])
    with locked_order(order_id) as order:
        now = timezone.now()
        recent = AccessCode.objects.filter(order=order, created_at__gt=now - HOUR)
        sent = list(recent.values_list("created_at", flat=True))
        if len(sent) >= MAX_AN_HOUR:
            wait = sent[MAX_AN_HOUR - 1] + HOUR - now
            raise TooManyRequests("Five codes went out within the hour.", retry_after=round(wait.total_seconds()) or 1)
        code = AccessCode.objects.create(order=order, created_at=now)
        write_mail(order, template=TEMPLATE, about={"code": str(code.pk)}, key=str(code.pk))
        return code


def try_code(order_id: UUID, typed: str, *, client: str) -> Answer:
    """Compare what was entered with the newest code, and count the attempt.

    Raises:
        TooManyRequests: too many attempts by this client.
    """
    count([(by_address("code tries"), client)])
    with locked_order(order_id) as order:
        code = newest_code(order)
        if code is None or not may_be_tried(code):
            return Answer.OVER
        code.tries += 1
        right = _is(order, code, "".join(typed.split()))
        code.used_at = timezone.now() if right else None
        code.save_changes()
        if right:
            return Answer.RIGHT
        return Answer.WRONG if code.tries < MAX_TRIES else Answer.OVER


def may_be_tried(code: AccessCode) -> bool:
    """Whether the code is still valid."""
    return code.used_at is None and code.tries < MAX_TRIES and timezone.now() < code.created_at + CODE_TTL


def digits(code: AccessCode) -> str:
    """The six digits, as the e-mail shows them."""
    return _digits(code.order, code, settings.TRACKING_KEYS[0])


def sweep() -> None:
    """Delete codes that expired long ago."""
    AccessCode.objects.filter(created_at__lt=timezone.now() - RETENTION).delete()


def _is(order: Order, code: AccessCode, typed: str) -> bool:
    """Under any of the keys: one may have been added since the e-mail was sent."""
    given = typed.encode(errors="replace")
    return any(hmac.compare_digest(_digits(order, code, key).encode(), given) for key in settings.TRACKING_KEYS)


def _digits(order: Order, code: AccessCode, key: str) -> str:
    digest = hmac.digest(key.encode(), f"code:{code.pk}:{order.access_nonce}".encode(), hashlib.sha256)
    return f"{int.from_bytes(digest) % 1_000_000:06d}"
