"""Returns of delivered orders, and their items."""

from django.db import models
from django.db.models import F, Q

from orders import ids
from orders.lifecycle import RETURN_OPEN, ReturnStage
from orders.models.tracked import TrackedModel
from orders.money import in_words

STAGES = [(stage.value, stage.capitalize()) for stage in ReturnStage]


class Return(TrackedModel):
    """One return. Its id is that of the command that requested it; `number` counts the order's returns.

    Free text stays in the commands: the customer's in that of `request`, the reason for a refusal in that of
    `decision`. `due` is what was paid for the items that arrived, `amount` what is refunded of it, in minor units.
    `deadline` is the time limit for the decision or for the parcel's arrival. A trigger enforces the table in
    `orders/lifecycle.py`.
    """

    class Cause(models.TextChoices):
        DAMAGED = "damaged", "It is damaged or does not work"
        WRONG_ITEM = "wrong_item", "It is not what was ordered"
        NOT_AS_DESCRIBED = "not_as_described", "It is not as described"
        DOES_NOT_FIT = "does_not_fit", "It does not fit"
        TOO_LATE = "too_late", "It came too late"
        UNWANTED = "unwanted", "It is not wanted any more"
        OTHER = "other", "Another reason"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, db_index=False, related_name="returns")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, default=ReturnStage.REQUESTED, choices=STAGES)
    cause = models.CharField(max_length=20, choices=Cause.choices)
    request = models.OneToOneField("orders.Command", models.PROTECT, related_name="requested_return")
    decision = models.OneToOneField("orders.Command", models.PROTECT, null=True, related_name="decided_return")
    receipt = models.OneToOneField("orders.Command", models.PROTECT, null=True, related_name="received_return")
    due = models.BigIntegerField(null=True)
    amount = models.BigIntegerField(null=True)
    deadline = models.DateTimeField(null=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    decided_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "returns"
        ordering = ("order", "number")
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="returns_number_unique"),
            models.CheckConstraint(
                condition=Q(
                    state__in=["requested", "approved", "refused", "expired", "received", "closed", "refunded"]
                ),
                name="returns_state_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    cause__in=[
                        "damaged",
                        "wrong_item",
                        "not_as_described",
                        "does_not_fit",
                        "too_late",
                        "unwanted",
                        "other",
                    ]
                ),
                name="returns_cause_known",
            ),
            models.CheckConstraint(
                condition=Q(amount=None, due=None) | Q(amount__gte=0, amount__lte=F("due")),
                name="returns_amount_within_due",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["received", "closed", "refunded"])
                | Q(received_at__isnull=False, receipt__isnull=False, amount__isnull=False),
                name="returns_received_have_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "created_at"], name="returns_state_created"),
            models.Index(
                fields=["id"], condition=Q(state__in=["requested", "approved", "received"]), name="returns_under_way"
            ),
        ]

    def __str__(self) -> str:
        return f"Return {self.number}, {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in RETURN_OPEN

    @property
    def label(self) -> str:
        """The reference that the customer writes on the parcel."""
        return f"{self.order.code}-{self.number}"

    @property
    def amount_in_words(self) -> str:
        """The refunded amount with its currency; empty while it is not known."""
        return "" if self.amount is None else in_words(self.amount, self.order.currency)


class ReturnItem(TrackedModel):
    """A quantity of one order line. `received` is how many arrived. A trigger keeps it within the quantity ordered."""

    id = models.BigAutoField(primary_key=True)
    of_return = models.ForeignKey(Return, models.PROTECT, db_index=False, related_name="items", db_column="return_id")
    item = models.ForeignKey("orders.OrderItem", models.PROTECT, related_name="return_items")
    quantity = models.IntegerField()
    received = models.IntegerField(null=True)

    class Meta:
        db_table = "return_items"
        ordering = ("of_return", "item")
        constraints = [
            models.UniqueConstraint(fields=["of_return", "item"], name="return_items_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="return_items_quantity_positive"),
            models.CheckConstraint(
                condition=Q(received=None) | Q(received__gte=0, received__lte=F("quantity")),
                name="return_items_received_within_quantity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.item.sku}"

    @property
    def in_words(self) -> str:
        """For the customer: 2 × Lamp."""
        return f"{self.quantity} × {self.item.name or self.item.sku}"

    @property
    def claimed(self) -> int:
        """How many units cannot be returned again: those that arrived, or those still expected."""
        return self.quantity if self.received is None else self.received
