"""Incoming webhooks of carriers and payment gateways, stored once each before they are processed."""

from django.db import models

from orders import ids
from orders.models.tracked import TrackedModel


class WebhookEvent(TrackedModel):
    """One signed message. `source` is the sender (`carriers/simulated`), `event_id` the sender's id for it."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    source = models.CharField(max_length=100)
    event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=100, default="", blank=True)
    body = models.JSONField()
    command = models.ForeignKey("orders.Command", models.PROTECT, null=True, blank=True, related_name="webhook_events")
    outcome = models.CharField(max_length=200, default="", blank=True)
    received_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "webhook_events"
        ordering = ("-received_at",)
        constraints = [models.UniqueConstraint(fields=["source", "event_id"], name="webhook_events_once")]
        indexes = [models.Index(fields=["-received_at"], name="webhook_events_received")]

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"
