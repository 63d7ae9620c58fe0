"""The e-mail about a review that takes longer than usual; it is caused by time, not by an event."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from orders.lifecycle import EventType, Status
from orders.mails import Mail
from orders.models import Delivery, Event, Order
from orders.services.state.deliveries import write_mail

BATCH_SIZE = 200


def notify_of_long_reviews() -> int:
    """Create the e-mails that are due, one per order; returns how many."""
    if not settings.MAILS or not settings.REVIEW_MAIL_AFTER:
        return 0
    long_ago = timezone.now() - timedelta(seconds=settings.REVIEW_MAIL_AFTER)
    began = Event.objects.filter(order=OuterRef("pk"), type=EventType.ORDER_VALIDATED, created_at__lt=long_ago)
    told = Delivery.objects.filter(order=OuterRef("pk"), template=Mail.REVIEW_DELAYED)
    waiting = Order.objects.filter(Exists(began), ~Exists(told), status=Status.IN_REVIEW, created_at__lt=long_ago)
    wanted = waiting.exclude(client__mails_off__contains=[Mail.REVIEW_DELAYED]).order_by("created_at")[:BATCH_SIZE]
    rows = [write_mail(order, template=Mail.REVIEW_DELAYED, key="once") for order in wanted]
    return len(rows)
