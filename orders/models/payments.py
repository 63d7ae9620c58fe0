"""Payments and refunds: what was asked of the gateway, under which key, and its answer."""

from django.db import models
from django.db.models import F, Q

from orders import ids
from orders.models.tracked import TrackedModel
from orders.money import in_words


class Payment(TrackedModel):
    """One attempt to charge an order; amounts in minor units.

    `captured` remains when an order is cancelled (`refunded` then says how much was refunded). `cancelled` is a payment
    that was taken back so that another can replace it; `cancel_requested`: this is under way.
    """

    class State(models.TextChoices):
        """`failed`: the gateway knows of no charge and will make none under this key."""

        PENDING = "pending"
        CAPTURED = "captured"
        DECLINED = "declined"
        FAILED = "failed"
        CANCELLED = "cancelled"

    LIVE = (State.PENDING, State.CAPTURED)

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, db_index=False, related_name="payments")
    attempt = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, default=State.PENDING, choices=State.choices)
    amount = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=100)
    idempotency_key = models.CharField(max_length=100)
    gateway = models.CharField(max_length=40)
    gateway_reference = models.CharField(max_length=100, default="", blank=True)
    decline_code = models.CharField(max_length=60, default="", db_default="", blank=True)
    decline_reason = models.CharField(max_length=200, default="", blank=True)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "payments"
        ordering = ("order", "attempt")
        constraints = [
            models.UniqueConstraint(fields=["idempotency_key"], name="payments_idempotency_key_key"),
            models.UniqueConstraint(fields=["order", "attempt"], name="payments_attempt_unique"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(state__in=["pending", "captured"]), name="payments_one_live_per_order"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_amount_positive"),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("amount")), name="payments_refunded_within_amount"
            ),
            models.CheckConstraint(
                condition=Q(refunded=0) | Q(state__in=["captured", "cancelled"]), name="payments_refunded_was_captured"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "captured", "declined", "failed", "cancelled"]),
                name="payments_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(state="pending"), name="payments_pending"),
            models.Index(
                fields=["gateway_reference"], condition=~Q(gateway_reference=""), name="payments_gateway_reference"
            ),
            # For the dashboard's sums of the last days, by index-only scans.
            models.Index(
                fields=["created_at"],
                include=["currency", "amount"],
                condition=Q(state="captured") | Q(refunded__gt=0),
                name="payments_taken",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_in_words}, {self.state}"

    @property
    def amount_in_words(self) -> str:
        return in_words(self.amount, self.currency)

    @property
    def remaining(self) -> int:
        """The balance held: what is not refunded, in minor units."""
        return self.amount - self.refunded if self.state == self.State.CAPTURED else 0

    @property
    def refunded_in_words(self) -> str:
        return in_words(self.refunded, self.currency)


class Refund(TrackedModel):
    """A refund. Its amount is reserved while it is pending: a trigger keeps the sum within the captured amount."""

    class State(models.TextChoices):
        PENDING = "pending"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    command = models.ForeignKey("orders.Command", models.PROTECT, null=True, blank=True, related_name="refunds")
    amount = models.BigIntegerField()
    state = models.CharField(max_length=10, default=State.PENDING, choices=State.choices)
    idempotency_key = models.CharField(max_length=100)
    gateway_reference = models.CharField(max_length=100, default="", blank=True)
    failure_reason = models.CharField(max_length=200, default="", blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "refunds"
        ordering = ("created_at",)
        constraints = [
            models.UniqueConstraint(fields=["idempotency_key"], name="refunds_idempotency_key_key"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refunds_amount_positive"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "succeeded", "failed"]), name="refunds_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(state="pending"), name="refunds_pending"),
            models.Index(fields=["updated_at"], condition=Q(state="succeeded"), name="refunds_paid"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_in_words}, {self.state}"

    @property
    def amount_in_words(self) -> str:
        return in_words(self.amount, self.payment.currency)
