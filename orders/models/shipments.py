"""Shipments: each is one attempt to deliver an order."""

from collections.abc import Iterable

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q

from orders import ids
from orders.address import Address
from orders.models.carriers import carrier_name
from orders.models.tracked import TrackedModel


class Shipment(TrackedModel):
    """A parcel. `address` is the order's when booking began, or at hand-over; `weight` is in grams.

    `gateway` is the carrier gateway that its label is booked and voided with.

    Without `booked_at`, no label was booked: a person handed it over and named its carrier, its tracking number, both
    or neither.
    """

    class State(models.TextChoices):
        """`booking`: the carrier is being asked, under `idempotency_key`."""

        BOOKING = "booking"
        BOOKED = "booked"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        FAILED = "failed"
        VOIDED = "voided"

    LIVE = (State.BOOKING, State.BOOKED, State.SHIPPED)
    UNDOABLE = (State.BOOKING, State.BOOKED)

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, db_index=False, related_name="shipments")
    attempt = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, default=State.BOOKING, choices=State.choices)
    carrier = models.CharField(max_length=40, default="", blank=True)
    service_level = models.CharField(max_length=40)
    tracking_number = models.CharField(max_length=100, default="", blank=True)
    address = models.JSONField()
    weight = models.IntegerField()
    idempotency_key = models.CharField(max_length=100)
    gateway = models.CharField(max_length=20, default="simulated", db_default="simulated")
    failure_reason = models.CharField(max_length=200, default="", blank=True)
    created_at = models.DateTimeField(editable=False)
    booked_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "shipments"
        ordering = ("order", "attempt")
        constraints = [
            models.UniqueConstraint(fields=["idempotency_key"], name="shipments_idempotency_key_key"),
            models.UniqueConstraint(fields=["order", "attempt"], name="shipments_attempt_unique"),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state__in=["booking", "booked", "shipped"]),
                name="shipments_one_live_per_order",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["booking", "booked", "shipped", "delivered", "failed", "voided"]),
                name="shipments_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["booked", "shipped", "delivered"])
                | Q(booked_at__isnull=False) & ~Q(tracking_number="")
                | Q(state__in=["shipped", "delivered"], booked_at__isnull=True, shipped_at__isnull=False),
                name="shipments_booked_have_tracking",
            ),
        ]
        indexes = [
            models.Index(OpClass("tracking_number", "text_pattern_ops"), name="shipments_tracking_prefix"),
            models.Index(fields=["state", "order"], condition=~Q(state="delivered"), name="shipments_not_delivered"),
        ]

    def __str__(self) -> str:
        return f"{self.carrier_name} {self.tracking_number}".strip()

    @property
    def carrier_name(self) -> str:
        return carrier_name(self.carrier)

    @property
    def address_in_words(self) -> str:
        return ", ".join(Address(**self.address).lines())


def live_shipment(shipments: Iterable[Shipment]) -> Shipment | None:
    """The one of an order's shipments that is under way, if any."""
    return next((shipment for shipment in shipments if shipment.state in Shipment.LIVE), None)
