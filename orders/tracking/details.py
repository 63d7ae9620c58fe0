"""The details of an order on its page and receipt: items, totals, payments, delivery, available changes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.core import Locale
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from orders.commands import Kind
from orders.languages import spoken
from orders.lifecycle import EventType, Status, Waiting
from orders.models import CheckoutPayment, Payment, Refund, Shipment
from orders.models.carriers import tracking_link
from orders.money import localised
from orders.selectors.offers import carrier_for, transit_days
from orders.selectors.payments import amount_due, captured_at_the_gateway, may_be_paid
from orders.selectors.returns import window_ends
from orders.selectors.shipments import contents_in_words, contents_of, current_shipments, status_of
from orders.selectors.tracking import TrackedOrder
from orders.tracking import wording

# How long card schemes give banks to book a refund.
BANK_DAYS = 14
State = CheckoutPayment.State
ON_THE_WAY = (Status.PAID, Status.PICKING, Status.PACKED)


@dataclass(frozen=True)
class Detail:
    """An event or a payment line: its text, when it happened, and a note."""

    text: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Line:
    """An order line; `detail` is the small print below its name."""

    name: str
    detail: str
    amount: str


@dataclass(frozen=True)
class Change:
    """An action that the page offers; `terms` says until when, and what it costs or refunds."""

    name: str
    label: str
    address: str
    terms: str


def lines(tracked: TrackedOrder) -> list[Line]:
    """The order lines; an item without a name is shown by its SKU."""
    currency = tracked.order.currency
    return [
        Line(
            name=item.name or item.sku,
            detail=f"{item.quantity} × {localised(item.unit_price, currency)}" + (f", {item.sku}" if item.name else ""),
            amount=localised(item.amount, currency),
        )
        for item in tracked.items
    ]


def totals(tracked: TrackedOrder) -> list[tuple[str, str]]:
    """Subtotal, shipping, tax and discount, without those that are zero."""
    order = tracked.order
    parts = [
        (gettext("Subtotal"), order.subtotal),
        (gettext("Shipping"), order.shipping),
        (gettext("Tax"), order.tax),
        (gettext("Discount"), -order.discount),
    ]
    shown = [(name, amount) for number, (name, amount) in enumerate(parts) if amount or not number]
    return [(name, localised(amount, order.currency)) for name, amount in shown]


def payment_facts(tracked: TrackedOrder) -> list[Detail]:
    """Charges and refunds in chronological order."""
    charged = (EventType.PAYMENT_CHARGED, EventType.PAYMENT_CAPTURED, EventType.PAYMENT_CAPTURED_LATE)
    paid = {event.data.get("payment"): event.created_at for event in tracked.events if event.type in charged}
    is_wanted = tracked.order.waiting_for == Waiting.PAYMENT
    facts = [fact for own in tracked.payments for fact in _of_payment(own, paid.get(str(own.id)), is_wanted=is_wanted)]
    facts += [fact for own in tracked.order.checkouts.all() for fact in _of_checkout(own)]
    return facts or [Detail(gettext("You have not been charged."))]


def _of_payment(payment: Payment, paid_at: datetime | None, *, is_wanted: bool) -> list[Detail]:
    state, amount = payment.state, localised(payment.amount, payment.currency)
    refunds = [_of_refund(refund, payment.currency) for refund in payment.refunds.all()]
    if state == Payment.State.PENDING:
        text = gettext("{amount} is being charged.") if is_wanted else gettext(wording.PAYMENT_UNKNOWN)
        return [Detail(text.format(amount=amount))]
    if state == Payment.State.DECLINED:
        return [Detail(gettext("{amount} declined").format(amount=amount), payment.updated_at)]
    if state == Payment.State.AUTHORISED:
        note = gettext("It is reserved on your card, and charged when your parcel leaves.")
        return [Detail(gettext("{amount} approved").format(amount=amount), payment.updated_at, note)]
    if state == Payment.State.CAPTURED or refunds:
        amount = localised(payment.captured, payment.currency)
        return [Detail(gettext("{amount} paid").format(amount=amount), paid_at), *refunds]
    return [Detail(gettext("{amount} was not charged.").format(amount=amount))]


def _of_checkout(checkout: CheckoutPayment) -> list[Detail]:
    """What the customer has paid by themselves, unless a payment of the order has taken it over."""
    state, amount = State(checkout.state), localised(checkout.amount, checkout.currency)
    if checkout.capture != Payment.Capture.IMMEDIATE:
        note = gettext("It is reserved on your card, and charged when your parcel leaves.")
        approved = Detail(gettext("{amount} approved").format(amount=amount), note=note)
        released = Detail(gettext("{amount} was not charged.").format(amount=amount))
        reserved = {State.PAID: [approved], State.RETURNED: [released]}
        return reserved.get(state, [])
    paid = Detail(gettext("{amount} paid").format(amount=amount))
    if state == State.RETURNING:
        return [paid, Detail(gettext("A refund of {amount} is on its way to you.").format(amount=amount))]
    if state == State.RETURNED:
        banks = gettext("Your bank can take up to {days} days.").format(days=BANK_DAYS)
        return [paid, Detail(gettext("{amount} refunded").format(amount=amount), checkout.updated_at, banks)]
    return [paid] if state == State.PAID else []


def _of_refund(refund: Refund, currency: str) -> Detail:
    amount = localised(refund.amount, currency)
    banks = gettext("Your bank can take up to {days} days.").format(days=BANK_DAYS)
    if refund.state == Refund.State.SUCCEEDED:
        return Detail(gettext("{amount} refunded").format(amount=amount), refund.updated_at, banks)
    if refund.state == Refund.State.PENDING:
        return Detail(gettext("A refund of {amount} is on its way to you.").format(amount=amount), note=banks)
    return Detail(gettext("A refund of {amount} could not be sent yet. We are looking into it.").format(amount=amount))


def address_lines(tracked: TrackedOrder) -> list[str]:
    """The delivery address, with the country's name instead of its code."""
    address = tracked.order.address
    country = Locale(spoken()).territories.get(address.country, address.country)
    return [*address.lines()[:-1], country]


def parcel_link(parcel: Shipment | None) -> str:
    """The carrier's tracking page; empty if unknown."""
    return tracking_link(parcel.carrier, parcel.tracking_number) if parcel else ""


@dataclass(frozen=True)
class ParcelLine:
    """One of the parcels of a split order: what is in it, how far it is, and how it is tracked."""

    number: int
    contents: str
    state: str
    expected: str
    carrier: str
    tracking_number: str
    link: str


def parcels(tracked: TrackedOrder) -> list[ParcelLine]:
    """The parcels of a split order; none for any other."""
    if not tracked.order.is_split:
        return []
    contents = contents_of(tracked.order)
    return [
        ParcelLine(
            number=parcel.number,
            contents=contents_in_words(contents.get(parcel.pk, [])),
            state=gettext(wording.PARCELS.get(status_of(tracked.order, parcel), wording.PARCELS[Status.PAID])),
            expected=_arrives(parcel) if parcel.state == parcel.State.SHIPPED else "",
            carrier=parcel.carrier_name if parcel.shipped_at or parcel.tracking_number else "",
            tracking_number=parcel.tracking_number,
            link=parcel_link(parcel),
        )
        for parcel in current_shipments(tracked.order).values()
    ]


def _arrives(parcel: Shipment) -> str:
    """The dates between which a parcel that was shipped should arrive; empty if unknown."""
    first, last = transit_days(parcel.carrier, parcel.service_level) or (0, 0)
    if not last or parcel.shipped_at is None:
        return ""
    start = timezone.localdate(parcel.shipped_at)
    days = {"first": _day(working_day(start, first)), "last": _day(working_day(start, last))}
    return gettext("Estimated delivery: {first} to {last}.").format(**days)


def expected(tracked: TrackedOrder) -> str:
    """When the parcel should arrive: dates once it is shipped, a number of days before; empty if unknown."""
    order, parcel = tracked.order, tracked.parcel
    if order.needs_attention or order.waiting_for == Waiting.PAYMENT_RETURN:
        return ""
    if order.status == Status.SHIPPED and parcel and parcel.shipped_at:
        return _arrives(parcel)
    country = order.address.country
    offer = carrier_for(weight=tracked.weight, country=country, service_level=order.service_level)
    # Where people fulfil, the carrier is not known yet.
    if order.status not in ON_THE_WAY or offer is None or order.is_fulfilled_by_people:
        return ""
    first, last = offer.min_days, offer.max_days
    text = gettext("Delivery usually takes {first} to {last} working days after dispatch.")
    return text.format(first=first, last=last) if last else ""


def working_day(start: date, days: int) -> date:
    """The date `days` working days (Monday to Friday) after `start`."""
    day = start
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


def _day(day: date) -> str:
    return date_format(day, gettext("l j F"))


def changes(tracked: TrackedOrder, *, confirmed: bool) -> list[Change]:
    """The actions that the order accepts now; amounts only for a confirmed email address."""
    # The one offered longest comes first, so that nothing moves when another appears or disappears.
    known: dict[Kind, tuple[str, str, Callable[[], str]]] = {
        Kind.CANCEL: ("cancel", gettext("Cancel order"), lambda: _terms_of_cancelling(tracked, confirmed=confirmed)),
        Kind.UPDATE_ADDRESS: ("address", gettext("Change address"), lambda: _terms_of_address(tracked)),
        Kind.RETRY_PAYMENT: ("payment", gettext("Pay now"), lambda: _terms_of_payment(tracked)),
        Kind.REQUEST_RETURN: ("return", gettext("Return items"), lambda: _terms_of_returning(tracked)),
    }
    kinds = _offered(tracked, confirmed=confirmed)
    return [
        Change(name, label, reverse(f"tracking:{name}", args=[tracked.order.code]), terms())
        for kind, (name, label, terms) in known.items()
        if kind in kinds
    ]


def _offered(tracked: TrackedOrder, *, confirmed: bool) -> set[Kind]:
    """Paying needs the order's link only; every other action first asks for a mailed code."""
    kinds = set(tracked.changes) - {Kind.RETRY_PAYMENT} if confirmed or settings.MAILS else set[Kind]()
    is_being_paid = any(matter.about == Kind.RETRY_PAYMENT for matter in tracked.matters)
    return kinds | {Kind.RETRY_PAYMENT} if may_be_paid(tracked.order) and not is_being_paid else kinds


def most_changes(tracked: TrackedOrder) -> int:
    """How many actions may be offered at once from here on; the page reserves space for them."""
    if tracked.order.is_final:
        return 0
    return 3 if tracked.order.status in (Status.RECEIVED, Status.IN_REVIEW, Status.CHARGING) else 1


def _terms_of_payment(tracked: TrackedOrder) -> str:
    return gettext("{amount} is due.").format(amount=localised(amount_due(tracked.order), tracked.order.currency))


def _terms_of_address(tracked: TrackedOrder) -> str:
    if tracked.was_not_delivered:
        return gettext(wording.SENT_AGAIN)
    if tracked.order.is_fulfilled_by_people:
        return f"{gettext('Until the parcel is with the carrier.')} {gettext('Free of charge.')}"
    return gettext(wording.UNTIL_LABELLED)


def _terms_of_cancelling(tracked: TrackedOrder, *, confirmed: bool) -> str:
    until = gettext("Until the parcel is with the carrier.")
    if not confirmed:
        return until
    kept = sum(payment.remaining for payment in tracked.payments) + captured_at_the_gateway(tracked.order)
    if not kept:
        free = gettext("Free of charge.")
        return f"{until} {free}"
    returned = gettext("{amount} will be refunded.").format(amount=localised(kept, tracked.order.currency))
    return f"{until} {returned}"


def _terms_of_returning(tracked: TrackedOrder) -> str:
    ends = window_ends(tracked.order)
    until = gettext("Until {day}. You get a refund once we have received the items.")
    return until.format(day=_day(timezone.localdate(ends))) if ends else ""
