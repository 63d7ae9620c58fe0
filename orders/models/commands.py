"""Commands: requests to change an order, and their outcomes."""

from django.db import models
from django.db.models import Q

from orders import ids
from orders.commands import CommandState, Kind
from orders.models.tracked import TrackedModel


class Command(TrackedModel):
    """One request. A trigger notifies the relay of a new row, and refuses changes to a settled one.

    `available_at` is the earliest time at which the relay may claim it (again): lease and backoff in one.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, db_index=False, related_name="commands")
    seq = models.IntegerField()
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=10, default=CommandState.PENDING)
    outcome = models.TextField(default="", blank=True)
    actor = models.CharField(max_length=100)
    reason = models.TextField(default="", blank=True)
    args = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(editable=False)
    available_at = models.DateTimeField(editable=False)
    delivered_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    attempts = models.IntegerField(default=0)
    last_error = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        db_table = "commands"
        ordering = ("order", "seq")
        constraints = [
            models.UniqueConstraint(fields=["order", "seq"], name="commands_seq_unique"),
            models.CheckConstraint(condition=Q(kind__in=list(Kind)), name="commands_kind_known"),
            models.CheckConstraint(condition=Q(state__in=list(CommandState)), name="commands_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["applied", "rejected"], settled_at__isnull=False)
                | Q(state__in=["pending", "delivered"], settled_at__isnull=True),
                name="commands_settled_have_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected") | ~Q(outcome=""), name="commands_rejected_have_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["available_at"], condition=Q(state="pending"), name="commands_pending"),
            models.Index(
                fields=["available_at"],
                condition=Q(state="pending") & ~Q(kind="place"),
                name="commands_pending_signals",
            ),
            models.Index(fields=["order", "seq"], condition=Q(state="pending"), name="commands_pending_of_order"),
            models.Index(fields=["delivered_at"], condition=Q(state="delivered"), name="commands_unsettled"),
            models.Index(
                fields=["state", "created_at"], condition=Q(state__in=["pending", "delivered"]), name="commands_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, {self.state}"

    @property
    def is_settled(self) -> bool:
        return self.state in (CommandState.APPLIED, CommandState.REJECTED)
