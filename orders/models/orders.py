"""Orders and their items."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Lower

from orders import ids
from orders.address import Address
from orders.lifecycle import FINAL, PaymentStatus, Status, Waiting
from orders.models.tracked import TrackedModel
from orders.money import in_words
from orders.review_rules import reasons

# The tokens of `search_text` as they are: PostgreSQL's text parser would split or alter them.
SEARCH_WORDS = Func(
    Func(F("search_text"), Value(" "), function="string_to_array", output_field=ArrayField(models.TextField())),
    function="array_to_tsvector",
    output_field=SearchVectorField(),
)


# Values of `fulfilment`; the other one is "simulated".
MANUAL = "manual"


class Order(TrackedModel):
    """An order, its status, and what it waits for.

    Amounts are in minor units of `currency`. `status` is written by `services/state/transition.py` alone. The two
    `event_` columns repeat the newest event's, so that the next event needs no look-up under the lock. `search_text`
    holds the tokens by which the order is found (`orders/search_text.py`).
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    code = models.CharField(max_length=11, default=ids.order_code, editable=False)
    client = models.ForeignKey(
        "orders.ApiClient", models.PROTECT, null=True, blank=True, db_index=False, related_name="orders"
    )
    reference = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - NULL: unique where given

    status = models.CharField(max_length=20, default=Status.RECEIVED, choices=[(s, s) for s in Status])
    waiting_for = models.CharField(max_length=20, default=Waiting.VALIDATION, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    review_approved = models.BooleanField(default=False)
    review_hits = models.JSONField(default=list, blank=True)
    # A trigger sets it from the newest payment.
    payment_status = models.CharField(
        max_length=16, default=PaymentStatus.NOTHING, db_default=PaymentStatus.NOTHING, editable=False
    )
    held = models.BooleanField(default=False)
    review_seconds_left = models.FloatField(null=True, blank=True, editable=False)
    held_reason = models.TextField(default="", blank=True)
    needs_attention = models.BooleanField(default=False)
    attention_reason = models.TextField(default="", blank=True)
    invalid_reasons = models.JSONField(default=list, blank=True)

    customer_name = models.CharField(max_length=200)
    customer_email = models.EmailField(max_length=254)
    locale = models.CharField(max_length=20, default="en")
    shipping_address = models.JSONField()
    service_level = models.CharField(max_length=40, default="standard")
    fulfilment = models.CharField(max_length=20, default="simulated")
    # Whether stock of any of its items is, or was, reserved or waited for.
    stock_tracked = models.BooleanField(default=False, db_default=False, editable=False)
    made_up = models.BooleanField(default=False, db_default=False, editable=False)
    access_nonce = models.CharField(max_length=32, default=ids.access_nonce, editable=False)
    search_text = models.TextField(default="", db_default="", blank=True, editable=False)

    currency = models.CharField(max_length=3)
    subtotal = models.BigIntegerField()
    shipping = models.BigIntegerField(default=0)
    tax = models.BigIntegerField(default=0)
    discount = models.BigIntegerField(default=0)
    total = models.BigIntegerField()
    payment_method = models.CharField(max_length=100, blank=True)

    event_seq = models.IntegerField(default=0, editable=False)
    event_hash = models.CharField(max_length=64, default="", editable=False)
    command_seq = models.IntegerField(default=0, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "orders"
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(fields=["code"], name="orders_code_key"),
            models.UniqueConstraint(fields=["client", "reference"], name="orders_reference_unique_per_client"),
            models.CheckConstraint(condition=Q(status__in=list(Status)), name="orders_status_in_table"),
            models.CheckConstraint(condition=Q(waiting_for__in=list(Waiting)), name="orders_waiting_for_known"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="orders_currency_iso"),
            models.CheckConstraint(
                condition=Q(subtotal__gte=0, shipping__gte=0, tax__gte=0, discount__gte=0, total__gte=0),
                name="orders_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("shipping") + F("tax") - F("discount")),
                name="orders_total_adds_up",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=sorted(FINAL)) | Q(waiting_for="", deadline=None),
                name="orders_final_waits_for_nothing",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-created_at"], name="orders_status_created"),
            models.Index(fields=["payment_status", "-created_at"], name="orders_payment_status"),
            models.Index(fields=["-created_at", "id"], name="orders_created"),
            models.Index(fields=["client", "-created_at", "-id"], name="orders_of_client"),
            models.Index(Lower("customer_email"), F("created_at").desc(), name="orders_email_created"),
            models.Index(Lower(KT("shipping_address__street")), F("created_at").desc(), name="orders_street_created"),
            models.Index(fields=["waiting_for", "-created_at"], condition=~Q(waiting_for=""), name="orders_waiting"),
            models.Index(fields=["created_at"], condition=Q(held=True), name="orders_held"),
            models.Index(fields=["currency", "total"], name="orders_worth"),
            models.Index(fields=["currency", "-created_at", "total"], name="orders_worth_created"),
            models.Index(fields=["fulfilment", "-created_at"], name="orders_fulfilment_created"),
            models.Index(fields=["deadline"], condition=Q(deadline__isnull=False), name="orders_deadline"),
            models.Index(fields=["created_at"], condition=Q(needs_attention=True), name="orders_need_attention"),
            models.Index(
                fields=["waiting_for", "deadline", "created_at"],
                condition=Q(status=Status.IN_REVIEW),
                name="orders_review_queue",
            ),
            models.Index(OpClass(Lower("reference"), "text_pattern_ops"), name="orders_reference_prefix"),
            GinIndex(SEARCH_WORDS, name="orders_search_words"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_final(self) -> bool:
        return Status(self.status) in FINAL

    @property
    def is_fulfilled_by_people(self) -> bool:
        return self.fulfilment == MANUAL

    @property
    def address(self) -> Address:
        return Address(**self.shipping_address)

    @property
    def review_reasons(self) -> str:
        """The review rules that it hits, as sentences for staff; empty if none."""
        return reasons(self.review_hits)

    @property
    def total_in_words(self) -> str:
        """The total with its currency: 99.99 USD."""
        return in_words(self.total, self.currency)


class OrderItem(models.Model):
    """One line of an order. `unit_price` is in minor units of the order's currency, `weight` in grams apiece.

    `backordered` pieces of it wait for stock.
    """

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, models.PROTECT, db_index=False, related_name="items")
    position = models.PositiveSmallIntegerField()
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200, default="", blank=True)
    quantity = models.IntegerField()
    unit_price = models.BigIntegerField()
    weight = models.IntegerField(default=500)
    backordered = models.IntegerField(default=0, db_default=0, editable=False)

    class Meta:
        db_table = "order_items"
        ordering = ("order", "position")
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_items_position_unique"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_items_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="order_items_price_not_negative"),
            models.CheckConstraint(condition=Q(weight__gte=0), name="order_items_weight_not_negative"),
            models.CheckConstraint(
                condition=Q(backordered__gte=0, backordered__lte=F("quantity")), name="order_items_backordered_within"
            ),
        ]
        indexes = [
            models.Index(OpClass("sku", "text_pattern_ops"), F("order"), name="order_items_sku_prefix"),
            models.Index(fields=["sku"], condition=Q(backordered__gt=0), name="order_items_backordered"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"

    @property
    def amount(self) -> int:
        """The line's total in minor units."""
        return self.quantity * self.unit_price

    @property
    def amount_in_words(self) -> str:
        return in_words(self.amount, self.order.currency)
