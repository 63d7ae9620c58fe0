"""The forms of the customer's pages: sign-in, cancellation."""

from typing import Any
from uuid import UUID, uuid5

from django import forms
from django.utils.translation import gettext_lazy as _

from orders import ids
from orders.commands import Kind
from orders.form_fields import EmailField, TextField
from orders.ids import normalise_code
from orders.models import Order


class FindForm(forms.Form):
    code = forms.CharField(
        label=_("Order code"),
        max_length=40,
        help_text=_("9 letters and digits, for example ABC-DEF-GHJ."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    email = TextField(
        label=_("Email address"),
        max_length=254,
        help_text=_("The one you used for your order."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_code(self) -> str:
        """Accept any case, spaces and dashes."""
        return normalise_code(self.cleaned_data["code"])


class EmailForm(forms.Form):
    email = EmailField(
        label=_("Email address"),
        max_length=254,
        help_text=_("The one you used for your order."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class CodeForm(forms.Form):
    code = forms.RegexField(
        r"^\s*([0-9]\s*){6}$",
        label=_("6-digit code"),
        max_length=20,
        error_messages={"invalid": _("Enter all 6 digits of the code.")},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "digits"}),
    )


class ChangeForm(forms.Form):
    """A customer's command. `form` identifies this rendering of the form, so that a double click is one command."""

    kind: Kind
    template: str
    form = forms.UUIDField(widget=forms.HiddenInput, initial=ids.uuid7)

    def args(self) -> dict[str, Any]:
        return {}

    def reason_given(self) -> str:
        return str(self.cleaned_data.get("reason", ""))

    def asks_again(self) -> bool:
        """Whether the form must be shown again before it can be submitted."""
        return False

    def command_id(self, order: Order) -> UUID:
        """The same id for the same form submitted twice; another one if its contents or the order differ."""
        content = f"{order.pk}:{self.kind}:{sorted(self.args().items())}"
        form: UUID = self.cleaned_data["form"]
        return uuid5(form, content)


class CancelForm(ChangeForm):
    kind = Kind.CANCEL
    template = "tracking/cancel.html"
    reason = TextField(
        label=_("Why are you cancelling?"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
