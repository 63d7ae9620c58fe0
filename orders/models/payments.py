"""Payments and refunds: what was asked of the gateway, under which key, and its answer."""

from django.db import models
from django.db.models import F, Q

from orders import ids
from orders.models.tracked import TrackedModel
from orders.money import in_words

STATES = ["pending", "authorised", "captured", "declined", "voided", "expired", "failed", "cancelled"]


class Payment(TrackedModel):
    """One attempt to charge an order; amounts in minor units.

    `captured` remains when an order is cancelled (`refunded` then says how much was refunded). `cancelled` is a payment
    that was taken back so that another can replace it; `cancel_requested`: this is under way. `capture` says when an
    authorised amount is captured. `checkout` is the customer's payment that this one took over.
    """

    class State(models.TextChoices):
        """`failed`: the gateway knows of no charge and will make none under this key. `voided`, `expired`: it was
        authorised, and nothing of it was captured.
        """

        PENDING = "pending"
        AUTHORISED = "authorised"
        CAPTURED = "captured"
        DECLINED = "declined"
        VOIDED = "voided"
        EXPIRED = "expired"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Capture(models.TextChoices):
        IMMEDIATE = "immediate"
        ON_SHIPMENT = "on_shipment"

    # The gateway may still decide its outcome.
    OPEN = (State.PENDING, State.AUTHORISED)
    LIVE = (*OPEN, State.CAPTURED)

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, db_index=False, related_name="payments")
    attempt = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, default=State.PENDING, choices=State.choices)
    capture = models.CharField(
        max_length=11, default=Capture.IMMEDIATE, db_default=Capture.IMMEDIATE, choices=Capture.choices
    )
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(default=0, db_default=0)
    refunded = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=100)
    idempotency_key = models.CharField(max_length=100)
    gateway = models.CharField(max_length=40)
    gateway_reference = models.CharField(max_length=100, default="", blank=True)
    decline_code = models.CharField(max_length=60, default="", db_default="", blank=True)
    decline_reason = models.CharField(max_length=200, default="", blank=True)
    authorised_until = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)
    checkout = models.OneToOneField(
        "orders.CheckoutPayment", models.PROTECT, null=True, blank=True, related_name="payment"
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "payments"
        ordering = ("order", "attempt")
        constraints = [
            models.UniqueConstraint(fields=["idempotency_key"], name="payments_idempotency_key_key"),
            models.UniqueConstraint(fields=["order", "attempt"], name="payments_attempt_unique"),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state__in=["pending", "authorised", "captured"]),
                name="payments_one_live_per_order",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_amount_positive"),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("captured")), name="payments_refunded_within_captured"
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=0, captured__lte=F("amount")), name="payments_captured_within_amount"
            ),
            models.CheckConstraint(
                condition=Q(state="captured", captured__gt=0) | Q(state="cancelled") | Q(captured=0),
                name="payments_captured_by_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=STATES),
                name="payments_state_known",
            ),
            models.CheckConstraint(
                condition=Q(capture__in=["immediate", "on_shipment"]), name="payments_capture_known"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(state="pending"), name="payments_pending"),
            models.Index(fields=["authorised_until"], condition=Q(state="authorised"), name="payments_authorised"),
            models.Index(
                fields=["gateway_reference"], condition=~Q(gateway_reference=""), name="payments_gateway_reference"
            ),
            # For the dashboard's sums of the last days, by index-only scans.
            models.Index(
                fields=["created_at"],
                include=["currency", "captured"],
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
        return self.captured - self.refunded if self.state == self.State.CAPTURED else 0

    @property
    def authorised(self) -> int:
        """What can still be captured, in minor units."""
        return self.amount if self.state == self.State.AUTHORISED else 0

    @property
    def voided(self) -> int:
        """What was authorised and never captured, in minor units."""
        return self.amount if self.state in (self.State.VOIDED, self.State.EXPIRED) else 0

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
