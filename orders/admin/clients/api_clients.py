"""Who may use the API. A key is shown once, when it is issued; after that by its first letters only."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest

from orders.admin.clients.secret_shown_once import SecretShownOnce
from orders.admin.plain_admin import NoAddOrDelete, TabularInline
from orders.mails import SWITCHABLE
from orders.models import ApiClient, ApiKey
from orders.services.staff.api_keys import SCOPES, create_api_key, revoke_key


class ClientForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """A client, and whether it gets another key now."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES], widget=forms.CheckboxSelectMultiple, required=False
    )
    issue_key = forms.BooleanField(
        required=False, label="Issue a key", help_text="Shown once, on the next page. Existing keys stay valid."
    )

    mails_off = forms.MultipleChoiceField(
        choices=[(mail, mail.replace("_", " ")) for mail in SWITCHABLE],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label="Disabled emails",
        help_text="Customers of this client do not receive these.",
    )

    class Meta:
        model = ApiClient
        fields = ("name", "scopes", "is_active", "mail_name", "mail_from", "mails_off")
        help_texts = {
            "mail_name": "Sender name of emails to customers of this client. If empty, the default is used.",
            "mail_from": "Sender address of these emails. The mail server must be allowed to send from it.",
        }


class KeyForm(forms.ModelForm):  # type: ignore[type-arg]  # as above
    """A key, which can only be revoked."""

    revoke = forms.BooleanField(required=False)

    class Meta:
        model = ApiKey
        fields: tuple[str, ...] = ()


class ApiKeyInline(NoAddOrDelete, TabularInline[ApiKey, ApiClient]):
    """A client's keys. Their hashes are left out."""

    model = ApiKey
    form = KeyForm
    template = "admin/orders/apiclient/keys.html"
    fields = ("prefix", "created_at", "issued_by", "revoked_at", "revoke")
    readonly_fields = ("prefix", "created_at", "issued_by", "revoked_at")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        """Each key with who issued it."""
        return super().get_queryset(request).select_related("issued_by")


class ApiClientAdmin(SecretShownOnce[ApiClient]):
    """Clients are made and switched off here; their keys are issued and revoked."""

    form = ClientForm
    list_display = ("name", "is_active", "scopes", "created_at")
    list_filter = ("is_active",)
    fields = ("name", "scopes", "is_active", "mail_name", "mail_from", "mails_off", "issue_key")
    inlines = (ApiKeyInline,)
    shown_title = "New API key"
    shown_template = "admin/orders/apiclient/key.html"

    def get_readonly_fields(self, request: HttpRequest, obj: ApiClient | None = None) -> tuple[str, ...]:  # noqa: ARG002 - Django's signature
        """Events and commands name a client: its name stays."""
        return ("name",) if obj else ()

    def save_formset(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        form: Any,  # noqa: ARG002 - Django's signature
        formset: Any,
        change: bool,  # noqa: ARG002, FBT001 - Django's signature
    ) -> None:
        """Revoke the keys that were ticked."""
        formset.save(commit=False)
        for row in formset.forms:
            if row.cleaned_data.get("revoke"):
                revoke_key(row.instance.pk)

    def save_model(self, request: HttpRequest, obj: ApiClient, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Save the client, and issue the key that was asked for."""
        super().save_model(request, obj, form, change)
        assert request.user.is_authenticated  # noqa: S101 - tells the type checker what the admin has checked
        key = create_api_key(obj.name, issued_by=request.user) if form.cleaned_data["issue_key"] else ""
        request.issued_key = key  # type: ignore[attr-defined]

    def new_secret(self, request: HttpRequest, row: ApiClient) -> dict[str, Any] | None:
        key = getattr(request, "issued_key", "")
        return {"client": row, "key": key} if key else None
