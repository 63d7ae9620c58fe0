"""One action on many orders: who wanted it and why, and the command of each order."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from orders import ids
from orders.commands import IN_BULK
from orders.models.tracked import TrackedModel


class BulkRun(TrackedModel):
    """A draft that shows somebody what would happen; once confirmed, a record of what was asked for.

    `issued` counts the planned commands that have been written, in the order of their positions, `rejected` those that
    were refused at once among them: a run that stopped midway goes on from there.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    kind = models.CharField(max_length=20)
    reason = models.TextField(default="", blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    selected = models.IntegerField()
    planned = models.IntegerField()
    issued = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    created_at = models.DateTimeField(editable=False)
    confirmed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "bulk_runs"
        ordering = ("-created_at",)
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(IN_BULK)), name="bulk_runs_kind_known"),
            models.CheckConstraint(
                condition=Q(
                    planned__gte=0, planned__lte=F("selected"), issued__lte=F("planned"), rejected__lte=F("issued")
                ),
                name="bulk_runs_counts_fit",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=False) | Q(issued=0), name="bulk_runs_issue_nothing_unconfirmed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, {self.planned}"

    @property
    def is_draft(self) -> bool:
        """Nobody has said yes to it yet."""
        return self.confirmed_at is None

    @property
    def is_issued(self) -> bool:
        """Every command of it has been written."""
        return self.issued == self.planned


class BulkItem(models.Model):
    """One order of a run, as it was planned: with the command that it is to get, or why it is left out.

    The command's id is chosen with the plan and its row comes later, so the database does not ask for it; there being
    none is why it may be null, which makes joins outer ones.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(BulkRun, models.CASCADE, related_name="items")
    position = models.IntegerField()
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="+")
    expected_version = models.IntegerField()
    refusal = models.CharField(max_length=200, default="", blank=True)
    command = models.OneToOneField(
        "orders.Command", models.DO_NOTHING, null=True, db_constraint=False, related_name="bulk_item"
    )

    class Meta:
        db_table = "bulk_items"
        ordering = ("run", "position")
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="bulk_items_position_unique"),
            models.UniqueConstraint(fields=["run", "order"], name="bulk_items_order_unique"),
            models.CheckConstraint(
                condition=Q(refusal="", command__isnull=False) | (~Q(refusal="") & Q(command=None)),
                name="bulk_items_planned_or_refused",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.refusal or self.command_id}"
