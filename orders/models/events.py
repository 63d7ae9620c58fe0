"""Events: what happened, chained and append-only; and deliveries: who is to be told."""

from django.db import models
from django.db.models import Q

from orders import ids
from orders.lifecycle import EventType


class Event(models.Model):
    """One fact about an order: ids, states and amounts, never personal data or free text.

    `seq` is gapless for each order, `hash` covers the row and `prev_hash`. Triggers refuse any change.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="events")
    seq = models.IntegerField()
    type = models.CharField(max_length=40)
    status = models.CharField(max_length=20)
    actor = models.CharField(max_length=100)
    data = models.JSONField(default=dict)
    command = models.ForeignKey("orders.Command", models.PROTECT, null=True, related_name="events")
    step_key = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "events"
        ordering = ("order", "seq")
        constraints = [
            models.UniqueConstraint(fields=["order", "seq"], name="events_seq_unique"),
            models.UniqueConstraint(fields=["order", "step_key"], name="events_step_once"),
            models.CheckConstraint(condition=Q(type__in=list(EventType)), name="events_type_known"),
        ]
        indexes = [models.Index(fields=["created_at"], name="events_created")]

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"


class Delivery(models.Model):
    """A mail or webhook call that an event causes, written with it, sent by the sender."""

    class State(models.TextChoices):
        """How far it came."""

        PENDING = "pending"
        SENT = "sent"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    event = models.ForeignKey(Event, models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=10)
    recipient = models.CharField(max_length=300)
    state = models.CharField(max_length=10, default=State.PENDING, choices=State.choices)
    attempts = models.IntegerField(default=0)
    last_error = models.CharField(max_length=200, default="", blank=True)
    created_at = models.DateTimeField(editable=False)
    available_at = models.DateTimeField(editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["event", "channel", "recipient"], name="deliveries_once"),
            models.CheckConstraint(condition=Q(channel__in=["mail", "webhook"]), name="deliveries_channel_known"),
            models.CheckConstraint(condition=Q(state__in=["pending", "sent", "failed"]), name="deliveries_state_known"),
        ]
        indexes = [models.Index(fields=["available_at"], condition=Q(state="pending"), name="deliveries_pending")]

    def __str__(self) -> str:
        return f"{self.channel}, {self.state}"
