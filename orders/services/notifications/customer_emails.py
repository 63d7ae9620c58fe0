"""E-mails to customers, rendered when they are sent, from the order's current state and in its language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formataddr, parseaddr
from string import Formatter
from urllib.parse import urlsplit
from uuid import UUID

from babel.dates import format_date
from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils.translation import gettext, override

from orders.errors import MailRefused
from orders.gateways.mail import RenderedEmail, mail_gateway
from orders.languages import language_or_default, spoken
from orders.lifecycle import ReturnStage, Status
from orders.mails import CODE_OVER, OVERTAKEN, OVERTAKEN_BY, UNTRUE, UNTRUE_AFTER, Mail
from orders.models import AccessCode, Delivery, Order, Shipment
from orders.models.carriers import carrier_name, tracking_link
from orders.money import localised
from orders.payment_methods import PAID_BY_CUSTOMER
from orders.selectors.open_matters import payment_state
from orders.selectors.payments import amount_due, awaits_new_payment, may_be_paid, transferred
from orders.selectors.shipments import contents_in_words, contents_of
from orders.selectors.tracking import recent_orders, tracked
from orders.services.customers.access import payment_url, tracking_url
from orders.services.customers.proof import digits, may_be_tried
from orders.services.notifications.email_texts import CODE_SIGNATURE, EMAIL_TEXTS, GREETING, SIGNATURE
from orders.services.notifications.outgoing import DeliveryResult, Reply

Placeholders = Mapping[str, str]


@dataclass(frozen=True)
class PreparedEmail:
    """A rendered e-mail, ready to be sent."""

    email: RenderedEmail

    def send(self, delivery_id: UUID, at: datetime) -> Reply:  # noqa: ARG002 - what every delivery is told
        """Hand it to the mail server once.

        Raises:
            GatewayUnavailable: it was not accepted, or that is unknown.
        """
        try:
            mail_gateway().send(self.email)
        except MailRefused as refused:
            return Reply(result=DeliveryResult.FAILED, error=refused.message)
        return Reply(result=DeliveryResult.SENT)


def email_for(row: Delivery) -> PreparedEmail:
    """Render the e-mail of this delivery. Its Message-ID is the delivery's id, so that duplicates are recognised.

    Raises:
        MailRefused: it is out of date.
    """
    mail, order = Mail(row.template), row.order
    _check_still_true(row, mail)
    texts = EMAIL_TEXTS[mail]
    with override(language_or_default(order.locale)):
        total = localised(order.total, order.currency)
        facts = {"code": order.code, "name": order.customer_name, "total": total, **_more(row, mail)}
        lines = [gettext(line).format(**facts) for line in texts.lines if _places(line) <= facts.keys()]
        context = {
            "language": language_or_default(order.locale),
            "subject": gettext(texts.subject).format(**facts),
            "greeting": gettext(GREETING).format(**facts),
            "lines": _after_the_greeting(lines),
            "digits": facts.get("digits", ""),
            "url": _link(order, mail) if texts.button else "",
            "button": gettext(texts.button) if texts.button else "",
            "links": _links(order) if mail is Mail.LOST_LINK else [],
            "signature": gettext(CODE_SIGNATURE if mail is Mail.ACCESS_CODE else SIGNATURE).format(**facts),
        }
        return PreparedEmail(
            RenderedEmail(
                message_id=f"<{row.pk}@{urlsplit(settings.PUBLIC_URL).hostname}>",
                sender=_sender(order),
                to=order.customer_email,
                subject=str(context["subject"]),
                text=render_to_string("email/message.txt", context).strip() + "\n",
                html=render_to_string("email/message.html", context),
            )
        )


def _link(order: Order, mail: Mail) -> str:
    """The link of the button."""
    return (payment_url(order) if mail is Mail.PAYMENT_NEEDED else None) or tracking_url(order)


def _check_still_true(row: Delivery, mail: Mail) -> None:
    """Check what has happened since the delivery was created. One that staff send again is not checked.

    Raises:
        MailRefused: a later event of the order or return contradicts it, or, if it has failed before, a later e-mail
            supersedes it.
    """
    if row.is_sent_again or row.seq == row.order.event_seq:
        return
    later = Q(created_at__gt=row.created_at)
    about = _about(row)
    happened = row.order.events.filter(
        later if row.seq is None else Q(seq__gt=row.seq), type__in=UNTRUE_AFTER.get(mail, ())
    )
    if happened.filter(**{f"data__{name}": value for name, value in about.items()}).exists():
        raise MailRefused(UNTRUE)
    if not row.last_error:
        return
    left = row.order.deliveries.filter(
        later if row.seq is None else Q(seq__gt=row.seq) | Q(later, seq=None),
        template__in=OVERTAKEN_BY.get(mail, ()),
        state=Delivery.State.SENT,
    )
    if left.filter(**{f"event__data__{name}": value for name, value in about.items()}).exists():
        raise MailRefused(OVERTAKEN)


def _about(row: Delivery) -> dict[str, str]:
    """The return, or the shipment, that the e-mail is about, as its event names it; empty for one about the order."""
    data = row.event.data if row.event else {}
    return {name: str(data[name]) for name in ("return", "shipment") if name in data}


def _more(row: Delivery, mail: Mail) -> Placeholders:
    """The placeholders of this kind of e-mail."""
    find: Callable[[Delivery], Placeholders] | None = {
        Mail.RECEIVED: _to_pay,
        Mail.PAYMENT_NEEDED: _how_to_pay,
        Mail.SHIPPED: _parcel,
        Mail.REFUNDED: _refund,
        Mail.RETURN_RECEIVED: _amount,
        Mail.RETURN_APPROVED: _return,
        Mail.ACCESS_CODE: _code,
    }.get(mail)
    return find(row) if find else {}


def _how_to_pay(row: Delivery) -> Placeholders:
    order = row.order
    if not awaits_new_payment(order):
        return {}
    due = amount_due(order)
    known = {"total": localised(due, order.currency)}
    if order.deadline:
        known["until"] = _moment(order.deadline)
    if not settings.BANK_ACCOUNT:
        return known
    missing = localised(due - transferred(order), order.currency)
    return known | {"account": settings.BANK_ACCOUNT, "missing": missing}


def _parcel(row: Delivery) -> Placeholders:
    if row.order.is_split:
        return _parcel_of_several(row)
    parcel = tracked(row.order).parcel
    return _tracking(parcel) if parcel else {}


def _parcel_of_several(row: Delivery) -> Placeholders:
    about = _about(row)
    if "shipment" not in about:
        return {}
    parcel = row.order.shipments.get(pk=about["shipment"])
    contents = contents_in_words(contents_of(row.order).get(parcel.pk, []))
    return {"contents": contents, **_tracking(parcel)}


def _tracking(parcel: Shipment) -> Placeholders:
    link = tracking_link(parcel.carrier, parcel.tracking_number)
    known = {"carrier": carrier_name(parcel.carrier), "number": parcel.tracking_number}
    if not all(known.values()):  # handed over by a person who gave one of them or neither
        return {f"only_{name}": value for name, value in known.items() if value}
    return known | {"link": link} if link else known


def _return(row: Delivery) -> Placeholders:
    """What to send back and where, as long as the return is approved."""
    about: str = row.event.data.get("return", "") if row.event else ""
    found = row.order.returns.filter(pk=about, state=ReturnStage.APPROVED).first() if about else None
    if found is None or found.deadline is None:
        return {}
    pieces = ", ".join(piece.in_words for piece in found.items.all())
    known = {"pieces": pieces, "until": _moment(found.deadline), "label": found.label}
    return known | {"address": settings.RETURN_ADDRESS} if settings.RETURN_ADDRESS else known


def _moment(at: datetime) -> str:
    """A time in the reader's language; in UTC, because the reader's time zone is unknown."""
    return f"{format_date(at, 'long', locale=spoken())}, {at.astimezone(UTC):%H:%M} UTC"


def _to_pay(row: Delivery) -> Placeholders:
    """What will be charged, or can be paid, unless that has happened."""
    order = row.order
    if order.status not in (Status.RECEIVED, Status.IN_REVIEW):
        return {}
    total = localised(order.total, order.currency)
    if order.payment_method not in PAID_BY_CUSTOMER:
        return {"due": total}
    return {"payable": total} if may_be_paid(order) else {}


def _refund(row: Delivery) -> Placeholders:
    """The refund; if the payment is partly refunded, also the total so far."""
    paid = payment_state(row.order)
    if not paid.is_partly_refunded:
        return _amount(row)
    currency = row.order.currency
    sums = {"refunded": localised(paid.refunded, currency), "paid": localised(paid.captured, currency)}
    return {**_amount(row), **sums}


def _amount(row: Delivery) -> Placeholders:
    data = row.event.data if row.event else {}
    return {"amount": localised(int(data["amount"]), str(data["currency"]))}


def _code(row: Delivery) -> Placeholders:
    code = AccessCode.objects.select_related("order").filter(pk=row.about.get("code"), order_id=row.order_id).first()
    if code is None or not may_be_tried(code):
        raise MailRefused(CODE_OVER)
    return {"digits": digits(code)}


def _places(line: str) -> set[str]:
    """The placeholders of a line."""
    return {name for _, name, _, _ in Formatter().parse(line) if name}


def _after_the_greeting(lines: list[str]) -> list[str]:
    """German continues in lower case after the greeting's comma; the other languages start with a capital."""
    if spoken() == "de":
        return lines
    return [lines[0][:1].upper() + lines[0][1:], *lines[1:]]


def _links(order: Order) -> list[tuple[str, str]]:
    return [(found.code, tracking_url(found)) for found in recent_orders(order.customer_email)]


def _sender(order: Order) -> str:
    """The shop's sender name and address if set, else the default."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    shop = order.client
    if shop is None:
        return str(settings.DEFAULT_FROM_EMAIL)
    return formataddr((shop.mail_name or name, shop.mail_from or address))
