"""Who may use the API. Keys are issued from the shell and shown by their first letters only."""

from orders.admin.stock import ModelAdmin, NothingByHand, ReadOnly, TabularInline
from orders.models import ApiClient, ApiKey


class ApiKeyInline(ReadOnly, TabularInline[ApiKey, ApiClient]):
    """A client's keys, read-only. Their hashes are left out."""

    model = ApiKey
    fields = ("prefix", "created_at", "revoked_at")
    readonly_fields = fields


class ApiClientAdmin(NothingByHand, ModelAdmin[ApiClient]):
    """Clients may be switched off here; they and their keys are made by `manage.py create_api_key`."""

    list_display = ("name", "is_active", "scopes", "created_at")
    list_filter = ("is_active",)
    fields = ("name", "scopes", "is_active", "created_at")
    readonly_fields = ("name", "scopes", "created_at")
    inlines = (ApiKeyInline,)
