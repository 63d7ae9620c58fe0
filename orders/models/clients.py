"""API clients (shops, warehouses, carriers), their keys, and their stored idempotent answers."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from orders import ids
from orders.models.tracked import TrackedModel


class ApiClient(TrackedModel):
    """A shop, warehouse or carrier; a shop sees its own orders only.

    `mail_from` and `mail_name` are the From of the e-mails to its customers; empty: the installation's own. `mails_off`
    lists the e-mails that are switched off.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    name = models.CharField(max_length=100, unique=True)
    scopes = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    mail_from = models.EmailField(max_length=254, default="", blank=True)
    mail_name = models.CharField(max_length=100, default="", blank=True)
    mails_off = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "api_clients"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """One key of a client, stored as a hash. A client may have two active keys at once, for rotation.

    `issued_by` is the member of staff who issued it in the admin and so has seen it; None: issued from the shell.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    client = models.ForeignKey(ApiClient, models.CASCADE, related_name="keys")
    prefix = models.CharField(max_length=16)
    hash = models.CharField(max_length=64, unique=True)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "api_keys"
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.prefix}…"


class IdempotencyKey(models.Model):
    """A request sent with an idempotency key, and its answer, which holds no access token."""

    id = models.BigAutoField(primary_key=True)
    client = models.ForeignKey(ApiClient, models.CASCADE, db_index=False, related_name="idempotency_keys")
    method = models.CharField(max_length=6)
    route = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField()
    body = models.JSONField()
    order = models.ForeignKey("orders.Order", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "idempotency_keys"
        constraints = [
            models.UniqueConstraint(fields=["client", "method", "route", "key"], name="idempotency_keys_unique"),
            models.CheckConstraint(
                condition=Q(status_code__in=[201, 202, 409, 422]), name="idempotency_keys_status_kept"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_keys_created")]

    def __str__(self) -> str:
        return f"{self.method} {self.route}"
