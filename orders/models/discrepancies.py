"""Differences between our payments and those of the payment gateways."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from orders import ids
from orders.models.tracked import TrackedModel
from orders.money import in_words


class PaymentDiscrepancy(TrackedModel):
    """One difference that a reconciliation found: `expected` is ours and `found` the gateway's, in minor units.

    The same difference is one row, however often it is found. `repaired`: the reconciliation has put it right;
    `resolved`: a person looked into it.
    """

    class Kind(models.TextChoices):
        UNKNOWN_CHARGE = "unknown_charge", "Charge unknown here"
        CHARGE_NOT_RECORDED = "charge_not_recorded", "Charge recorded as not made"
        CAPTURE_MISSING = "capture_missing", "Capture missing at the gateway"
        AMOUNT_DIFFERS = "amount_differs", "Captured amount differs"
        REFUND_MADE_ELSEWHERE = "refund_made_elsewhere", "Refund made elsewhere"
        REFUND_MISSING = "refund_missing", "Refund missing at the gateway"
        DISPUTED = "disputed", "Disputed by the customer"
        OVERPAID = "overpaid", "Paid too much by bank transfer"
        OUTCOME_NOT_RECORDED = "outcome_not_recorded", "Outcome not recorded"

    class State(models.TextChoices):
        OPEN = "open"
        REPAIRED = "repaired"
        RESOLVED = "resolved"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    kind = models.CharField(max_length=30, choices=Kind.choices)
    state = models.CharField(max_length=10, default=State.OPEN, choices=State.choices)
    gateway = models.CharField(max_length=40)
    reference = models.CharField(max_length=100, blank=True)
    payment = models.ForeignKey(
        "orders.Payment", models.PROTECT, null=True, blank=True, related_name="discrepancies", db_index=False
    )
    order = models.ForeignKey(
        "orders.Order", models.PROTECT, null=True, blank=True, related_name="payment_discrepancies", db_index=False
    )
    currency = models.CharField(max_length=3)
    expected = models.BigIntegerField(default=0)
    found = models.BigIntegerField(default=0)
    found_at = models.DateTimeField(editable=False)
    last_found_at = models.DateTimeField(editable=False)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(default="", blank=True)

    class Meta:
        db_table = "payment_discrepancies"
        verbose_name_plural = "payment discrepancies"
        ordering = ("-found_at",)
        constraints = [
            models.UniqueConstraint(
                # First what staff search for by itself.
                fields=["reference", "gateway", "kind", "expected", "found"],
                name="payment_discrepancies_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "repaired", "resolved"]), name="payment_discrepancies_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="resolved", resolved_at__isnull=False) | ~Q(state="resolved") & Q(resolved_at=None),
                name="payment_discrepancies_resolved_at",
            ),
            models.CheckConstraint(
                condition=~Q(state="resolved") | Q(resolved_by__isnull=False) & ~Q(note=""),
                name="payment_discrepancies_resolved_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["-found_at"], name="payment_discrepancies_found"),
            models.Index(fields=["found_at"], condition=Q(state="open"), name="payment_discrepancies_open"),
            models.Index(fields=["order"], condition=Q(order__isnull=False), name="payment_discrepancies_order"),
            models.Index(fields=["payment"], condition=Q(payment__isnull=False), name="payment_discrepancies_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reference or self.payment_id}"

    @property
    def expected_in_words(self) -> str:
        return in_words(self.expected, self.currency)

    @property
    def found_in_words(self) -> str:
        return in_words(self.found, self.currency)
