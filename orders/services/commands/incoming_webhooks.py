"""Webhooks of carriers and payment gateways: verified, stored once, and turned into a command.

Signatures follow Standard Webhooks: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, under any of the
sender's secrets; Stripe has a scheme of its own. A message is trusted for its type only: a carrier can end the transit
of its own parcels, and a payment gateway can only make us query it.
"""

import hmac
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from orders import parcels
from orders.actors import Actor
from orders.commands import Kind
from orders.errors import SignatureRefused, UnknownSender
from orders.gateways.payments import stripe_webhooks
from orders.gateways.signing import sign
from orders.models import Payment, Shipment, WebhookEvent
from orders.services.commands.issue import issue_command
from orders.services.commands.rows import CommandRequest
from orders.services.payments.checkouts import check_now
from orders.services.payments.reconciliation import check_payment

logger = logging.getLogger(__name__)

TOLERANCE_SECONDS = 300
# A stored message that still cannot be processed is given up.
GIVE_UP_AFTER = timedelta(days=1)
CARRIERS, PAYMENTS = "carriers", "payments"
DELIVERIES = {"parcel.delivered": Kind.DELIVER, "parcel.failed": Kind.FAIL_DELIVERY}
SCANS = {f"parcel.{scan}": scan for scan in parcels.SCANS}
QUESTIONS = {"payment.updated": Kind.SETTLE_PAYMENT}
STRIPE = f"{PAYMENTS}/stripe"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One signed message. `subject` is the only part of its data that is used: a tracking number, a payment's key, or
    the gateway's reference of a payment.
    """

    source: str
    event_id: str
    type: str
    subject: str


def check_signature(source: str, headers: Mapping[str, str], body: bytes) -> str:
    """Verify the signature and its timestamp; returns the message's id.

    Raises:
        UnknownSender: no secret is set for `source`.
        SignatureRefused: the signature does not match, or its time is too far off, in either direction.
    """
    event_id, sent_at, signatures = check_headers(source, headers)
    given = [word.encode(errors="replace") for word in signatures]
    right = [sign(secret, event_id, sent_at, body) for secret in _secrets(source)]
    matches = [hmac.compare_digest(mine.encode(), theirs) for mine in right for theirs in given]
    if not any(matches):
        raise SignatureRefused("No signature matches.")
    return event_id


def check_headers(source: str, headers: Mapping[str, str]) -> tuple[str, str, list[str]]:
    """The message's id, time and signatures, checked as far as is possible before the body is read.

    Raises:
        UnknownSender, SignatureRefused: as for `check_signature`.
    """
    if not _secrets(source):
        raise UnknownSender("There is no such sender.")
    event_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (0 < len(event_id) <= 255 and sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 13):
        raise SignatureRefused("The headers webhook-id and webhook-timestamp are required.")
    if abs(time.time() - int(sent_at)) > TOLERANCE_SECONDS:
        raise SignatureRefused(f"The timestamp is more than {TOLERANCE_SECONDS} seconds off.")
    signatures = headers.get("webhook-signature", "").split()
    if not signatures:
        raise SignatureRefused("The header webhook-signature is required.")
    return event_id, sent_at, signatures


def check_stripe_signature(headers: Mapping[str, str], body: bytes) -> None:
    """The same for a message of Stripe's.

    Raises:
        UnknownSender, SignatureRefused: as for `check_signature`.
    """
    signature = check_stripe_headers(headers)
    is_signed = partial(stripe_webhooks.is_signed, body, signature, tolerance=TOLERANCE_SECONDS)
    if not any(map(is_signed, _secrets(STRIPE))):
        raise SignatureRefused("No signature matches, or it is too old.")


def check_stripe_headers(headers: Mapping[str, str]) -> str:
    """The signature of a message of Stripe's, checked as far as is possible before the body is read.

    Raises:
        UnknownSender, SignatureRefused: as for `check_signature`.
    """
    if not _secrets(STRIPE):
        raise UnknownSender("There is no such sender.")
    signature = headers.get("stripe-signature", "")
    if not signature or not signature.isascii():
        raise SignatureRefused("The header stripe-signature is required.")
    return signature


def receive(message: Message) -> WebhookEvent:
    """Store a message and issue its command, once. A repeated message changes nothing."""
    row, _ = WebhookEvent.objects.get_or_create(
        source=message.source,
        event_id=message.event_id,
        defaults={"type": message.type, "body": {"subject": message.subject}, "received_at": timezone.now()},
    )
    return row if row.outcome or row.type in stripe_webhooks.LATER_CHANGES else _carry_out(row)


def process_stored() -> None:
    """Issue the commands of messages that were stored a while ago and not processed."""
    late = timezone.now() - timedelta(minutes=1)
    for row in WebhookEvent.objects.filter(outcome="", received_at__lt=late).order_by("received_at")[:100]:
        try:
            _carry_out(row)
        except Exception as error:  # such as an order that somebody else has locked: the others go on
            logger.exception("The webhook %s could not be processed; it is tried again.", row.pk)
            if row.received_at < timezone.now() - GIVE_UP_AFTER:
                outcome = f"given up: {type(error).__name__}"
                WebhookEvent.objects.filter(pk=row.pk, outcome="").update(outcome=outcome)


def _carry_out(row: WebhookEvent) -> WebhookEvent:
    if row.source == STRIPE:
        return _carry_out_of_stripe(row)
    side, _, sender = row.source.partition("/")
    if side == CARRIERS and row.type in SCANS:
        return _carry_out_of_scan(row, sender)
    kind = (DELIVERIES if side == CARRIERS else QUESTIONS).get(row.type)
    order_id = None
    if kind is not None:
        subject = str(row.body["subject"])
        order_id = _order_of_parcel(sender, subject) if side == CARRIERS else _order_of_payment(sender, subject)
    if kind is None:
        row.outcome = "ignored: nothing follows from messages of this type"
    elif order_id is None:
        row.outcome = "ignored: this sender has no such parcel or payment"
    else:
        _issue(row, order_id, kind, (Actor.CARRIER if side == CARRIERS else Actor.GATEWAY).named(sender))
    row.save_changes()
    return row


def _carry_out_of_stripe(row: WebhookEvent) -> WebhookEvent:
    """An open payment is queried by the order's workflow. Of one that has its outcome, what may have been changed in
    Stripe's dashboard is compared, in the background: that asks Stripe.
    """
    reference = str(row.body["subject"])
    if row.type in stripe_webhooks.CHECKOUTS:
        known = check_now(gateway="stripe", reference=reference) if reference else None
        row.outcome = "Stripe is asked about the checkout" if known else "ignored: there is no such open checkout"
        row.save_changes()
        return row
    payment = Payment.objects.filter(gateway="stripe", gateway_reference=reference).first() if reference else None
    if row.type not in stripe_webhooks.OUTCOMES | stripe_webhooks.LATER_CHANGES:
        row.outcome = "ignored: nothing follows from messages of this type"
    elif payment is None:
        row.outcome = "ignored: there is no such payment"
    elif row.type in stripe_webhooks.LATER_CHANGES:
        found = check_payment(payment)
        # Without an outcome it is tried again, once the payment has been left alone for a while.
        row.outcome = "" if found is None else f"compared with Stripe: {len(found)} differences"
    elif payment.state == Payment.State.PENDING:
        _issue(row, payment.order_id, Kind.SETTLE_PAYMENT, Actor.GATEWAY.named("stripe"))
    else:
        row.outcome = "ignored: the payment has its outcome"
    row.save_changes()
    return row


def _carry_out_of_scan(row: WebhookEvent, carrier: str) -> WebhookEvent:
    """Of a parcel whose transit is over, a scan that comes late tells nothing any more."""
    shipment = _parcels(carrier, str(row.body["subject"])).first()
    if shipment is None:
        row.outcome = "ignored: this sender has no such parcel or payment"
    elif shipment.state not in (Shipment.State.BOOKED, Shipment.State.SHIPPED):
        row.outcome = "ignored: the parcel is not on its way any more"
    else:
        args = {"shipment": str(shipment.pk), "scan": SCANS[row.type]}
        _issue(row, shipment.order_id, Kind.RECORD_SCAN, Actor.CARRIER.named(carrier), args)
    row.save_changes()
    return row


def _issue(row: WebhookEvent, order_id: UUID, kind: Kind, actor: str, args: dict[str, str] | None = None) -> None:
    # The row's id is the command's, so a message whose processing was interrupted issues no second command.
    row.command = issue_command(order_id, CommandRequest(kind=kind, actor=actor, args=args or {}, id=row.pk))
    row.outcome = "accepted as a command"


def _order_of_parcel(carrier: str, tracking_number: str) -> UUID | None:
    return _parcels(carrier, tracking_number).values_list("order_id", flat=True).first()


def _parcels(carrier: str, tracking_number: str) -> QuerySet[Shipment]:
    """The carrier's parcels with this number, newest first."""
    return Shipment.objects.filter(carrier=carrier, tracking_number=tracking_number).order_by("-created_at")


def _order_of_payment(gateway: str, key: str) -> UUID | None:
    return Payment.objects.filter(gateway=gateway, idempotency_key=key).values_list("order_id", flat=True).first()


def _secrets(source: str) -> list[str]:
    pairs = (entry.partition("=") for entry in settings.WEBHOOK_SECRETS)
    return [secret for sender, _, secret in pairs if sender == source and secret]
