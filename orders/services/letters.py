"""Mails to customers: made when they are sent, from the order as it is then, in the customer's language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import formataddr, parseaddr
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext, override

from orders.carriers import carrier_name
from orders.errors import MailRefused
from orders.gateways.mail import Letter, mail_gateway
from orders.languages import language_or_default
from orders.mails import Mail
from orders.models import AccessCode, Delivery, Order
from orders.money import in_words
from orders.selectors.tracking import recent_orders, tracked
from orders.services.access import tracking_url
from orders.services.mail_words import CODE_SIGNATURE, GREETING, SIGNATURE, WORDS
from orders.services.outgoing import Reply, Verdict
from orders.services.proof import digits, may_be_tried

Facts = Mapping[str, str]


@dataclass(frozen=True)
class Posted:
    """A mail, ready to be handed over."""

    letter: Letter

    def send(self, delivery_id: UUID, at: datetime) -> Reply:  # noqa: ARG002 - what every delivery is told
        """Hand it over once.

        Raises:
            GatewayUnavailable: it was not taken, or whether it was is unknown.
        """
        try:
            mail_gateway().send(self.letter)
        except MailRefused as refused:
            return Reply(verdict=Verdict.NEVER, error=refused.message)
        return Reply(verdict=Verdict.SENT)


def letter_of(row: Delivery) -> Posted:
    """The mail that this delivery is. Its Message-ID is the delivery's id: sent twice, it can be told.

    Raises:
        MailRefused: there is nothing to be said any more.
    """
    mail, order = Mail(row.template), row.order
    words = WORDS[mail]
    with override(language_or_default(order.locale)):
        facts = {"code": order.code, "name": order.customer_name, "total": order.total_in_words, **_more(row, mail)}
        lines = [gettext(line).format(**facts) for line in words.lines if _is_known(line, facts)]
        context = {
            "language": language_or_default(order.locale),
            "subject": gettext(words.subject).format(**facts),
            "greeting": gettext(GREETING).format(**facts),
            "lines": lines,
            "digits": facts.get("digits", ""),
            "url": tracking_url(order) if words.button else "",
            "button": gettext(words.button) if words.button else "",
            "links": _links(order) if mail is Mail.LOST_LINK else [],
            "signature": gettext(CODE_SIGNATURE if mail is Mail.ACCESS_CODE else SIGNATURE).format(**facts),
        }
        return Posted(
            Letter(
                message_id=f"<{row.pk}@{urlsplit(settings.PUBLIC_URL).hostname}>",
                sender=_sender(order),
                to=order.customer_email,
                subject=str(context["subject"]),
                text=render_to_string("email/letter.txt", context).strip() + "\n",
                html=render_to_string("email/letter.html", context),
            )
        )


def _more(row: Delivery, mail: Mail) -> Facts:
    """What this mail alone tells."""
    find: Callable[[Delivery], Facts] | None = {
        Mail.SHIPPED: _parcel,
        Mail.REFUNDED: _refund,
        Mail.ACCESS_CODE: _code,
    }.get(mail)
    return find(row) if find else {}


def _parcel(row: Delivery) -> Facts:
    parcel = tracked(row.order).parcel
    return {"carrier": carrier_name(parcel.carrier), "number": parcel.tracking_number} if parcel else {}


def _refund(row: Delivery) -> Facts:
    data = row.event.data if row.event else {}
    return {"amount": in_words(int(data["amount"]), str(data["currency"]))}


def _code(row: Delivery) -> Facts:
    code = AccessCode.objects.select_related("order").filter(pk=row.about.get("code"), order_id=row.order_id).first()
    if code is None or not may_be_tried(code):
        raise MailRefused("The code holds no longer.")
    return {"digits": digits(code)}


def _is_known(line: str, facts: Facts) -> bool:
    """A line is left out where the order does not know what it tells, as a parcel without a tracking number."""
    return all(f"{{{name}}}" not in line or name in facts for name in ("carrier", "number"))


def _links(order: Order) -> list[tuple[str, str]]:
    return [(found.code, tracking_url(found)) for found in recent_orders(order.customer_email)]


def _sender(order: Order) -> str:
    """The shop's name and address where it has set them, else ours."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    shop = order.client
    if shop is None:
        return str(settings.DEFAULT_FROM_EMAIL)
    return formataddr((shop.mail_name or name, shop.mail_from or address))
