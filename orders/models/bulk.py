"""Bulk runs: one command for many orders, with its author and reason."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from orders import ids
from orders.commands import IN_BULK
from orders.models.tracked import TrackedModel


class BulkRun(TrackedModel):
    """A draft that previews the outcome; once confirmed, the record of a bulk run.

    `issued` counts the planned commands that have been written, in the order of their positions; `rejected` counts
    those among them that were rejected at once. A run that was interrupted continues from there.
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
        return self.confirmed_at is None

    @property
    def is_issued(self) -> bool:
        return self.issued == self.planned


class BulkItem(models.Model):
    """One order of a run, with the command planned for it or the reason for leaving it out.

    The command's id is chosen with the plan, before its row exists, so this is not a foreign key in the database. It is
    nullable so that joins are outer joins.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(BulkRun, models.CASCADE, db_index=False, related_name="items")
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
