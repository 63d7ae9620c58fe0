"""Stock: where goods lie, how many, what is reserved for orders, and every change of it."""

from django.db import models
from django.db.models import F, Q

from orders import ids
from orders.models.tracked import TrackedModel


class Location(models.Model):
    """A place that ships, for example a warehouse. Of several that can send an order, the lowest `position` does."""

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        db_table = "locations"
        ordering = ("position", "code")
        constraints = [models.UniqueConstraint(fields=["code"], name="locations_code_key")]

    def __str__(self) -> str:
        return self.name


class StockLevel(TrackedModel):
    """How many pieces of a sku lie at a location; `reserved` of them are promised to orders.

    `bin` says where at the location they lie. `version` grows with every change, for optimistic updates.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    location = models.ForeignKey(Location, models.PROTECT, db_index=False, related_name="levels")
    sku = models.CharField(max_length=64)
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    reorder_point = models.IntegerField(default=0)
    bin = models.CharField(max_length=40, default="", blank=True)
    version = models.IntegerField(default=1)

    class Meta:
        db_table = "stock_levels"
        ordering = ("sku", "location")
        constraints = [
            models.UniqueConstraint(fields=["sku", "location"], name="stock_levels_once"),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, reserved__lte=F("on_hand")), name="stock_levels_reserved_within_on_hand"
            ),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="stock_levels_on_hand_not_negative"),
            models.CheckConstraint(condition=Q(reorder_point__gte=0), name="stock_levels_reorder_point_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.sku}: {self.on_hand}"

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class StockMovement(models.Model):
    """One change of a level. Rows are only added: triggers refuse anything else."""

    class Kind(models.TextChoices):
        RECEIVED = "received"
        COUNTED = "counted"
        ADJUSTED = "adjusted"
        RESERVED = "reserved"
        RELEASED = "released"
        SHIPPED = "shipped"
        RETURNED = "returned"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    level = models.ForeignKey(StockLevel, models.PROTECT, db_index=False, related_name="movements")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    on_hand_change = models.IntegerField(default=0)
    reserved_change = models.IntegerField(default=0)
    on_hand = models.IntegerField()
    reserved = models.IntegerField()
    order = models.ForeignKey(
        "orders.Order", models.PROTECT, null=True, blank=True, db_index=False, related_name="stock_movements"
    )
    actor = models.CharField(max_length=100)
    reason = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "stock_movements"
        ordering = ("-created_at", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=["received", "counted", "adjusted", "reserved", "released", "shipped", "returned"]
                ),
                name="stock_movements_kind_known",
            ),
        ]
        indexes = [
            models.Index(fields=["level", "-created_at"], name="stock_movements_of_level"),
            models.Index(fields=["order"], condition=Q(order__isnull=False), name="stock_movements_of_order"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.on_hand_change:+}, {self.reserved_change:+}"


class StockAllocation(models.Model):
    """What of a level is reserved for an item and not handed over yet."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    item = models.ForeignKey("orders.OrderItem", models.PROTECT, db_index=False, related_name="allocations")
    level = models.ForeignKey(StockLevel, models.PROTECT, db_index=False, related_name="allocations")
    quantity = models.IntegerField()

    class Meta:
        db_table = "stock_allocations"
        constraints = [
            models.UniqueConstraint(fields=["item", "level"], name="stock_allocations_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="stock_allocations_quantity_positive"),
        ]
        indexes = [models.Index(fields=["level"], name="stock_allocations_of_level")]

    def __str__(self) -> str:
        return f"{self.quantity} for {self.item_id}"
