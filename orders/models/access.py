"""Access to the customer's page: codes that verify an e-mail address, and rate-limit counters."""

from django.db import models
from django.db.models import Q

from orders import ids
from orders.models.tracked import TrackedModel


class AccessCode(TrackedModel):
    """A six-digit code e-mailed to an order's customer. The digits are derived from the row, never stored."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, db_index=False, related_name="access_codes")
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(editable=False)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "access_codes"
        ordering = ("-created_at",)
        constraints = [models.CheckConstraint(condition=Q(tries__lte=5), name="access_codes_five_tries")]
        indexes = [
            models.Index(fields=["order", "-created_at"], name="access_codes_of_order"),
            models.Index(fields=["created_at"], name="access_codes_created"),
        ]

    def __str__(self) -> str:
        return f"code of {self.created_at}"


class ThrottleWindow(models.Model):
    """The number of attempts since `started_at` in one rate-limit window.

    `key` is a keyed digest, or names an API client.

    The table is unlogged: writes do not wait for the disk, and a crash resets the counts, which does no harm.
    """

    key = models.CharField(max_length=64, primary_key=True)
    started_at = models.DateTimeField()
    used = models.IntegerField()

    class Meta:
        db_table = "throttle_windows"

    def __str__(self) -> str:
        return f"{self.used} since {self.started_at}"


class LostLinkRequest(models.Model):
    """A request for the links of an e-mail address, which may have no orders. The worker deletes the row."""

    id = models.BigAutoField(primary_key=True)
    address = models.CharField(max_length=600)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "lost_link_requests"

    def __str__(self) -> str:
        return f"asked at {self.created_at}"
