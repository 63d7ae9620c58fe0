"""Deliveries (e-mails and webhook calls), their attempts, and shops' webhook endpoints."""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from orders import ids
from orders.models.tracked import TrackedModel

# A delivery is retried for this long; then it has failed, and staff may send it again.
GIVE_UP_AFTER = timedelta(days=3)


class WebhookEndpoint(TrackedModel):
    """A URL at which a client receives the events of its orders.

    Secrets are derived from the nonces and never stored. The previous one also signs until `previous_until`. An
    endpoint that was disabled or removed keeps its row, because deliveries refer to it.
    """

    class State(models.TextChoices):
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
    """An e-mail or a webhook call, written in the transaction of the event that causes it.

    `recipient` is an endpoint's id, or `customer`, whose address is read when the e-mail is sent. For each order,
    webhook calls to one recipient are sent in the order of `seq`, the event's. So are e-mails, except that none waits
    for one that has failed once. A delivery without an event waits for no other. `available_at` is the earliest time at
    which a sender may claim it (again): lease and backoff in one.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        FAILED = "failed"

    class Channel(models.TextChoices):
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
        """Whether staff sent it again: it is then retried for longer than a new one."""
        return self.give_up_at - self.created_at > GIVE_UP_AFTER


class DeliveryAttempt(models.Model):
    """One attempt at a delivery: the response, or why there was none."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, models.CASCADE, db_index=False, related_name="tries")
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
