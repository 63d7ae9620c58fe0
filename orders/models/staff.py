"""What staff record and decide: notes, approvals, review claims, blocked customers, quantity limits, saved views."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from orders import ids
from orders.models.tracked import TrackedModel
from orders.money import in_words


class Note(models.Model):
    """A note of staff on an order."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "notes"
        ordering = ("created_at",)

    def __str__(self) -> str:
        return self.text[:60]


class Approval(TrackedModel):
    """A request that a second person must approve before it becomes a command under the same id.

    `actor` is the requester, as in commands; `requested_by` is the same as a user, if it was a member of staff.
    `answer` is the reason for a refusal.
    """

    class State(models.TextChoices):
        REQUESTED = "requested"
        APPROVED = "approved"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="approvals")
    kind = models.CharField(max_length=20)
    args = models.JSONField(default=dict)
    reason = models.TextField(default="", blank=True)
    actor = models.CharField(max_length=100)
    state = models.CharField(max_length=10, default=State.REQUESTED, choices=State.choices)
    answer = models.TextField(default="", blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    command = models.OneToOneField("orders.Command", models.PROTECT, null=True, related_name="approval")
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "approvals"
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")), name="approvals_by_a_second_person"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["requested", "approved", "refused"]), name="approvals_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="requested", decided_by=None, decided_at=None, command=None)
                | Q(state="approved", decided_by__isnull=False, decided_at__isnull=False, command__isnull=False)
                | Q(state="refused", decided_by__isnull=False, decided_at__isnull=False, command=None),
                name="approvals_decided_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["created_at"], condition=Q(state="requested"), name="approvals_waiting")]

    def __str__(self) -> str:
        return f"{self.kind}, {self.state}"

    @property
    def amount(self) -> int:
        """The requested refund, in minor units."""
        return int(self.args["amount"])

    @property
    def amount_in_words(self) -> str:
        return in_words(self.amount, self.order.currency)


class ReviewClaim(TrackedModel):
    """A member of staff who works on the review of an order, shown to colleagues. It does not stop the timer."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="review_claims")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    taken_over_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "review_claims"
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(ended_at=None), name="review_claims_one_open_per_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} since {self.claimed_at:%H:%M}"


class BlockedCustomer(models.Model):
    """Orders from this e-mail address are invalid."""

    email = models.EmailField(max_length=254, unique=True, help_text="Compared without regard to case.")
    reason = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "blocked_customers"
        ordering = ("email",)

    def __str__(self) -> str:
        return self.email


class SkuLimit(models.Model):
    """The largest quantity of an article in one order; 0: not for sale at present."""

    sku = models.CharField(max_length=64, unique=True)
    max_quantity = models.PositiveIntegerField()

    class Meta:
        db_table = "sku_limits"
        ordering = ("sku",)

    def __str__(self) -> str:
        return f"{self.sku}: {self.max_quantity}"


class SavedView(models.Model):
    """Filters of the order list, saved under a name as the query string of its URL.

    `owner` created it and may delete it; a shared one is offered to everybody.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, db_index=False, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "saved_views"
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_views_name_unique_per_owner")]

    def __str__(self) -> str:
        return self.name
