"""Where shops are called. A secret is shown once, when it is made."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from orders.admin.clients.secret_shown_once import SecretShownOnce
from orders.errors import InvalidOrder, TooManyRequests
from orders.models import WebhookEndpoint
from orders.services.notifications.webhook_endpoints import (
    check_room,
    check_url,
    register_endpoint,
    rotate_secret,
    secret_of,
    switch,
)

State = WebhookEndpoint.State


class NewEndpointForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """A URL to be called with every event of a client's orders."""

    # What is wrong with the URL that was sent: found out before the transaction of the request, as it asks DNS.
    fault = ""

    class Meta:
        model = WebhookEndpoint
        fields = ("client", "url")

    def clean(self) -> dict[str, Any] | None:
        """The URL is one that we call, and there is room for it."""
        cleaned = super().clean()
        if cleaned and not self.errors:
            try:
                check_room(cleaned["client"], cleaned["url"])
            except InvalidOrder as error:
                self.fault = self.fault or error.errors["/url"]
        if self.fault:
            self.add_error("url", f"The URL {self.fault}.")
        return cleaned


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]  # as above
    """An endpoint, which is switched on and off and gets another secret; its URL stays."""

    is_active = forms.BooleanField(
        required=False, label="Active", help_text="If inactive, nothing is sent and pending webhooks fail."
    )
    new_secret = forms.BooleanField(
        required=False, help_text="Shown once, on the next page. The previous secret stays valid for one day."
    )

    class Meta:
        model = WebhookEndpoint
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["is_active"].initial = self.instance.state == State.ACTIVE


class EndpointAdmin(SecretShownOnce[WebhookEndpoint]):
    """Endpoints of all clients; removing one is its client's to do."""

    list_display = ("url", "client", "state", "state_reason", "created_at")
    list_filter = ("state",)
    list_select_related = ("client",)
    shown_title = "New signing secret"
    shown_template = "admin/orders/webhookendpoint/secret.html"
    shown = ("client", "url", "state", "state_reason", "previous_until", "created_at")

    def has_change_permission(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> bool:
        """Not of one that its client removed."""
        is_removed = obj is not None and obj.state == State.REMOVED
        return not is_removed and super().has_change_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> tuple[str, ...]:
        """To begin with, whose and where; later what can be done with it."""
        if obj is None:
            return ("client", "url")
        return (*self.shown, "is_active", "new_secret") if self.has_change_permission(request, obj) else self.shown

    def get_readonly_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> tuple[str, ...]:  # noqa: ARG002 - Django's signature
        """What it was registered as stays."""
        return self.shown if obj else ()

    def get_form(
        self,
        request: HttpRequest,
        obj: WebhookEndpoint | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        **options: Any,
    ) -> Any:
        """One form for a new one, one for an old one."""
        form = super().get_form(request, obj, change, **{**options, "form": EndpointForm if obj else NewEndpointForm})
        if obj is None:
            form.fault = getattr(request, "url_fault", "")  # type: ignore[attr-defined]  # of NewEndpointForm
        return form

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's page; the URL is checked before its transaction begins."""
        if request.method == "POST" and self.has_add_permission(request):
            request.url_fault = _fault(f"user:{request.user.pk}", request.POST.get("url", ""))  # type: ignore[attr-defined]
        return super().add_view(request, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Through the same services as the API's."""
        if not change:
            obj.pk = register_endpoint(obj.client, obj.url).pk
        else:
            wanted = State.ACTIVE if form.cleaned_data["is_active"] else State.DISABLED
            if wanted != obj.state:
                switch(obj.pk, wanted, reason="" if wanted == State.ACTIVE else "disabled by staff")
            if form.cleaned_data["new_secret"]:
                rotate_secret(obj.client, obj.pk)
        request.shows_secret = not change or form.cleaned_data["new_secret"]  # type: ignore[attr-defined]

    def new_secret(self, request: HttpRequest, row: WebhookEndpoint) -> dict[str, Any] | None:
        if not getattr(request, "shows_secret", False):
            return None
        row.refresh_from_db()
        return {"endpoint": row, "secret": secret_of(row)}


def _fault(person: str, url: str) -> str:
    try:
        check_url(person, url.strip())
    except InvalidOrder as error:
        return error.errors["/url"]
    except TooManyRequests as error:
        return error.message
    return ""
