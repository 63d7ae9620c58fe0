"""Events: an append-only, hash-chained log of each order."""

from django.db import models
from django.db.models import Q

from orders import ids
from orders.lifecycle import EventType


class Event(models.Model):
    """One event of an order: ids, states and amounts, never personal data or free text.

    `seq` has no gaps within an order, `hash` covers the row and `prev_hash`. Triggers refuse any change.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, db_index=False, related_name="events")
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
        indexes = [
            models.Index(fields=["created_at"], name="events_created"),
            models.Index(fields=["order"], condition=Q(type="address_changed"), name="events_address_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"

    @property
    def known_type(self) -> EventType | None:
        """The type; None if another version of Orderlife recorded it under a name that is not in the table."""
        return EventType(self.type) if self.type in EventType.__members__.values() else None
