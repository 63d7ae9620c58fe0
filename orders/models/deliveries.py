"""Deliveries: who is to be told of what, how often it was tried, and where shops want to be called."""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from orders import ids
from orders.models.tracked import TrackedModel

# For so long a delivery is tried; then it has failed, and a person may send it again.
GIVE_UP_AFTER = timedelta(days=3)


class WebhookEndpoint(TrackedModel):
    """A URL at which a client wants to hear of its orders.

    Its secrets are derived from the nonces and never stored. The one before signs beside the new one until
    `previous_until`. An endpoint that is switched off or removed stays, because its deliveries name it.
    """

    class State(models.TextChoices):
        """Whether it is called."""

        ACTIVE = "active"
        DISABLED = "disabled"
        REMOVED = "removed"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    client = models.ForeignKey("orders.ApiClient", models.PROTECT, related_name="endpoints")
    url = models.CharField(max_length=500)
    state = models.CharField(max_length=10, default=State.ACTIVE, choices=State.choices)
    state_reason = models.CharField(max_length=200, default="", blank=True)
    nonce = models.CharField(max_length=32, default=ids.access_nonce, editable=False)
    previous_nonce = models.CharField(max_length=32, default="", blank=True, editable=False)
    previous_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "webhook_endpoints"
        ordering = ("created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["client", "url"], condition=~Q(state="removed"), name="webhook_endpoints_url_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["active", "disabled", "removed"]), name="webhook_endpoints_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """A mail or webhook call, written with the event that causes it, sent by the sender.

    `recipient` is an endpoint's id, or `customer`, whose address is read when the mail is sent. Of each order the
    webhooks to one recipient leave in the order of `seq`, the event's, and mails too, but that none waits for one that
    has failed once; one without an event waits for nobody.
    `available_at` is when a sender may take it (again): its lease and its backoff in one.
    """

    class State(models.TextChoices):
        """How far it came."""

        PENDING = "pending"
        SENT = "sent"
        FAILED = "failed"

    class Channel(models.TextChoices):
        """How it goes out."""

        MAIL = "mail"
        WEBHOOK = "webhook"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="deliveries")
    event = models.ForeignKey(
        "orders.Event", models.PROTECT, null=True, blank=True, db_index=False, related_name="deliveries"
    )
    channel = models.CharField(max_length=10, choices=Channel.choices)
    recipient = models.CharField(max_length=300)
    endpoint = models.ForeignKey(WebhookEndpoint, models.PROTECT, null=True, blank=True, related_name="deliveries")
    template = models.CharField(max_length=40, default="", blank=True)
    about = models.JSONField(default=dict, blank=True)
    key = models.CharField(max_length=100, default="", blank=True)
    seq = models.IntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, default=State.PENDING, choices=State.choices)
    attempts = models.IntegerField(default=0)
    last_error = models.CharField(max_length=200, default="", blank=True)
    created_at = models.DateTimeField(editable=False)
    available_at = models.DateTimeField(editable=False)
    give_up_at = models.DateTimeField(editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "deliveries"
        ordering = ("-created_at",)
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["event", "channel", "recipient"], name="deliveries_once"),
            models.UniqueConstraint(
                fields=["order", "template", "key"], condition=~Q(key=""), name="deliveries_key_once"
            ),
            models.CheckConstraint(condition=Q(channel__in=["mail", "webhook"]), name="deliveries_channel_known"),
            models.CheckConstraint(condition=Q(state__in=["pending", "sent", "failed"]), name="deliveries_state_known"),
            models.CheckConstraint(
                condition=Q(channel="mail", endpoint=None) & ~Q(template="")
                | Q(channel="webhook", endpoint__isnull=False, event__isnull=False, seq__isnull=False),
                name="deliveries_know_what_and_where",
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "available_at"],
                condition=Q(state="pending", channel="webhook"),
                name="deliveries_pending_webhooks",
            ),
            models.Index(
                fields=["available_at"], condition=Q(state="pending", channel="mail"), name="deliveries_pending_mails"
            ),
            models.Index(
                fields=["order", "recipient", "seq"], condition=Q(state="pending"), name="deliveries_pending_of_order"
            ),
            models.Index(fields=["-created_at"], name="deliveries_created"),
            models.Index(fields=["-created_at"], condition=~Q(state="sent"), name="deliveries_not_sent"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}, {self.state}"

    @property
    def is_sent_again(self) -> bool:
        """Staff let it be sent once more: it is tried until later than a new one would be."""
        return self.give_up_at - self.created_at > GIVE_UP_AFTER


class DeliveryAttempt(models.Model):
    """One attempt at a delivery: what was answered, or why nothing was."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries")
    number = models.IntegerField()
    at = models.DateTimeField()
    status = models.IntegerField(null=True, blank=True)
    error = models.CharField(max_length=200, default="", blank=True)
    answer = models.TextField(default="", blank=True)
    milliseconds = models.IntegerField()

    class Meta:
        db_table = "delivery_attempts"
        ordering = ("delivery", "number", "id")
        indexes = [models.Index(fields=["delivery", "number"], name="delivery_attempts_of_delivery")]

    def __str__(self) -> str:
        return f"attempt {self.number}"
