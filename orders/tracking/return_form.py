"""The form of a return request: which items, and why."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders.commands import Kind
from orders.form_fields import TextField
from orders.models import Order, Return
from orders.selectors.returns import returnable
from orders.tracking.forms import ChangeForm

POSITION = "position_"


class ReturnForm(ChangeForm):
    """A return request. `return_form` adds the quantity fields of one order."""

    kind = Kind.REQUEST_RETURN
    template = "tracking/return.html"
    cause = forms.ChoiceField(label=_("Why are you returning it?"))
    reason = TextField(label=_("Details"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cause = self.fields["cause"]
        assert isinstance(cause, forms.ChoiceField)  # noqa: S101 - tells the type checker which field it is
        cause.choices = [(value, gettext(str(label))) for value, label in Return.Cause.choices]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not self._pieces():
            raise forms.ValidationError(gettext("Choose at least one item."))
        return cleaned

    def args(self) -> dict[str, Any]:
        return {"items": self._pieces(), "cause": self.cleaned_data["cause"]}

    def _pieces(self) -> list[dict[str, int]]:
        counts = {name: count for name, count in self.cleaned_data.items() if name.startswith(POSITION) and count}
        return [{"position": int(name.removeprefix(POSITION)), "quantity": count} for name, count in counts.items()]


def return_form(order: Order) -> type[ReturnForm]:
    """The form for one order: a quantity for each item that can still be returned, then the other fields."""
    left = returnable(order)
    pieces = {
        f"{POSITION}{item.position}": forms.IntegerField(
            label=gettext("{item}: quantity (of {count})").format(item=item.name or item.sku, count=left[item.pk]),
            min_value=0,
            max_value=left[item.pk],
            required=False,
            initial=left[item.pk] if len(left) == 1 and left[item.pk] == 1 else 0,
        )
        for item in order.items.all()
        if left[item.pk]
    }
    return type("ReturnFormOfOrder", (ReturnForm,), {**pieces, "field_order": [*pieces, "cause", "reason"]})
