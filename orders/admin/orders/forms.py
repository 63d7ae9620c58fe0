"""What an action asks of the person: a reason always, an address or a payment method where the command needs one."""

from collections.abc import Mapping
from typing import Any

from babel.core import Locale
from django import forms
from django.conf import settings

from orders import ids
from orders.address import FIELDS, parse_address
from orders.admin.carriers.carrier_input import CarrierInput
from orders.errors import InvalidOrder
from orders.form_fields import BARE, TextField
from orders.money import in_words, to_decimal, to_minor
from orders.selectors.backoffice import OrderView
from orders.services.commands.rows import MAX_REASON


class ActionForm(forms.Form):
    """The base of all: the command's id, made when the form is shown, so that sending it twice issues one command; and
    the order's newest event then, so that a form left open too long is noticed.
    """

    reason_is_needed = False
    cannot_be_undone = False

    command = forms.UUIDField(widget=forms.HiddenInput)
    expected_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    reason = TextField(
        max_length=MAX_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Shown in the order's timeline. Visible to staff only.",
    )

    def __init__(self, view: OrderView, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        """A form for the order as `view` shows it; `initial` is what the person has typed before."""
        self.view = view
        super().__init__(
            data,
            initial={
                **self.known(),
                **(initial or {}),
                "command": ids.uuid7(),
                "expected_version": view.order.event_seq,
            },
        )
        self.fields["reason"].required = self.reason_is_needed
        self.order_fields([name for name in self.fields if name != "reason"])

    def offer_shipments(self, choices: list[tuple[int, str]]) -> None:
        """Ask which shipment of a split order is meant, by its number."""
        which = forms.TypedChoiceField(coerce=int, choices=choices, label="Shipment")
        self.fields = {"shipment": which, **self.fields}

    def command_args(self) -> dict[str, object]:
        """All arguments of the command."""
        number = self.cleaned_data.get("shipment")
        return {**self.args(), **({"shipment": number} if number else {})}

    def known(self) -> dict[str, Any]:
        """What the fields hold at first."""
        return {}

    def args(self) -> dict[str, object]:
        """The command's arguments, apart from the shipment."""
        return {}


class DangerousForm(ActionForm):
    """For what cannot be undone: the reason may not be left out."""

    reason_is_needed = True
    cannot_be_undone = True


class ReviewForm(DangerousForm):
    """Why an order is rejected, in one line: Enter sends it."""

    reason = TextField(
        max_length=MAX_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-key": "r"}),
        help_text="Shown in the order's timeline. Visible to staff only.",
    )


class HoldForm(ActionForm):
    """Why an order is held is what the next person asks; a release undoes it."""

    reason_is_needed = True


class RefundForm(DangerousForm):
    """How much goes back."""

    amount = forms.DecimalField(max_digits=16, help_text="At most the refundable amount.")

    def known(self) -> dict[str, Any]:
        """All that is left."""
        return {"amount": to_decimal(self.view.refundable, self.view.order.currency)}

    def clean_amount(self) -> int:
        """The amount in minor units, within what is left."""
        currency, left = self.view.order.currency, self.view.refundable
        try:
            minor = to_minor(self.cleaned_data["amount"], currency)
        except ValueError as error:
            raise forms.ValidationError(f"The amount {error}.") from None
        if not 0 < minor <= left:
            raise forms.ValidationError(f"Enter an amount above zero, up to {in_words(left, currency)}.")
        if minor == left and self.view.must_keep_some:
            raise forms.ValidationError("To refund the full payment before shipping, cancel the order instead.")
        return minor

    def args(self) -> dict[str, object]:
        """The amount."""
        return {"amount": self.cleaned_data["amount"]}


def fields_of_pieces(view: OrderView, left: Mapping[int, int]) -> dict[str, forms.Field]:
    """A number for each item of which something is `left` (by the item's id)."""
    return {
        f"position_{item.position}": field_of_pieces(f"{item.name or item.sku} (up to {left[item.pk]})", left[item.pk])
        for item in view.items
        if left[item.pk]
    }


def field_of_pieces(label: str, most: int) -> forms.IntegerField:
    return forms.IntegerField(min_value=0, max_value=most, required=False, label=label)


def pieces_chosen(cleaned: dict[str, Any], *, every: bool = False) -> list[dict[str, int]]:
    """The pieces as a command carries them; with `every`, also those of which there are none."""
    counted = [(name.removeprefix("position_"), count) for name, count in cleaned.items() if "position_" in name]
    return [{"position": int(at), "quantity": count or 0} for at, count in counted if count or every]


class HandOverForm(ActionForm):
    """Who has the parcel, as far as anybody knows: both may be left empty."""

    carrier = TextField(max_length=40, required=False, widget=CarrierInput(BARE))
    tracking_number = TextField(max_length=100, required=False, widget=forms.TextInput(BARE))

    def known(self) -> dict[str, Any]:
        """The label that is booked."""
        label = None if self.view.order.is_split else self.view.label
        return {"carrier": label.carrier, "tracking_number": label.tracking_number} if label else {}

    def args(self) -> dict[str, object]:
        """Carrier and tracking number, those that were typed."""
        typed = {name: self.cleaned_data[name] for name in ("carrier", "tracking_number")}
        return {name: value for name, value in typed.items() if value}


class SplitForm(ActionForm):
    """Which pieces become a shipment of their own."""

    def __init__(self, view: OrderView, *args: Any, **kwargs: Any) -> None:
        """A number for each item."""
        super().__init__(view, *args, **kwargs)
        self.fields = {**fields_of_pieces(view, {item.pk: item.quantity for item in view.items}), **self.fields}

    def known(self) -> dict[str, Any]:
        """None of any item."""
        return {f"position_{item.position}": 0 for item in self.view.items}

    def clean(self) -> dict[str, Any]:
        """At least one piece goes."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not pieces_chosen(cleaned):
            raise forms.ValidationError("Choose at least one piece for the new shipment.")
        return cleaned

    def args(self) -> dict[str, object]:
        """The pieces by their positions."""
        return {"items": pieces_chosen(self.cleaned_data)}


class AddressForm(ActionForm):
    """A new postal address, judged by the same rules as one that comes through the API."""

    street = TextField(max_length=200)
    street2 = TextField(max_length=200, required=False, label="Street, second line")
    city = TextField(max_length=200)
    state = TextField(max_length=200, required=False, label="State or region")
    postal_code = TextField(max_length=200, required=False)
    country = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Only the countries we ship to may be chosen."""
        super().__init__(*args, **kwargs)
        names = Locale("en").territories
        served = [(code, names.get(code, code)) for code in settings.COUNTRIES_SERVED]
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)  # noqa: S101 - tells the type checker which field it is
        country.choices = sorted(served, key=lambda choice: str(choice[1]))

    def known(self) -> dict[str, Any]:
        """The address as it is."""
        return dict(self.view.order.shipping_address)

    def clean(self) -> dict[str, Any]:
        """Form an address; what is wrong with it is said at its field."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        typed = {name: cleaned[name] for name in FIELDS if name in cleaned}
        try:
            address = parse_address(typed, default_country=settings.DEFAULT_COUNTRY)
        except InvalidOrder as error:
            for pointer, sentence in error.errors.items():
                field = pointer.removeprefix("/")
                if field not in self.errors:
                    self.add_error(field, f"{sentence[:1].upper()}{sentence[1:]}.")
            return cleaned
        if address.as_json() == self.view.order.shipping_address and not self.errors:
            self.add_error(None, "The order already has this address.")
        cleaned["address"] = address.as_json()
        return cleaned

    def args(self) -> dict[str, object]:
        """The address as the command carries it."""
        return {"address": self.cleaned_data["address"]}


class NoteForm(forms.Form):
    """The note box. Its id makes a note that is sent twice one note."""

    note = forms.UUIDField(widget=forms.HiddenInput)
    text = TextField(max_length=4000, label="Note", widget=forms.Textarea(attrs={"rows": 3}))


class RefusalForm(forms.Form):
    """Why somebody does not agree."""

    reason = TextField(
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Visible to the requester, and to the shop through the API.",
    )


class BulkForm(forms.Form):
    """One reason for many orders."""

    reason = TextField(max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 3}))
