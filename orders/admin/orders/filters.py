"""The filters beside the list of orders. Their choices are the product's own: reading them from the rows would read
every row.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from orders.admin.plain_admin import ModelAdmin
from orders.lifecycle import PaymentStatus, Waiting
from orders.models import Order
from orders.money import CURRENCIES, to_minor
from orders.selectors.clients import SEED_CLIENTS, client_names
from orders.selectors.dashboard import held_since, orders_held_too_long
from orders.selectors.searching import (
    Parcel,
    orders_placed,
    orders_shipped,
    orders_waiting_for,
    orders_worth,
)

PAID = {
    PaymentStatus.NOTHING: "Not charged",
    PaymentStatus.OPEN: "Being charged",
    PaymentStatus.AUTHORISED: "Authorised",
    PaymentStatus.DECLINED: "Declined",
    PaymentStatus.CHARGED: "Charged",
    PaymentStatus.REFUNDED_IN_PART: "Partly refunded",
    PaymentStatus.REFUNDED: "Fully refunded",
}
PARCEL = {
    Parcel.NOTHING: "No shipping label yet",
    Parcel.LABEL: "Label booked",
    Parcel.UNDERWAY: "With the carrier",
    Parcel.DELIVERED: "Delivered",
    Parcel.FAILED: "Failed",
    Parcel.VOIDED: "Label voided",
}
FROM_SHELL = "-"
# Offered where `manage.py seed_orders` was run.
MADE_UP = (("real", "All real orders"), ("made-up", "All made-up orders"))
# Of an amount, in major units: with the four decimals of some currencies it still fits a column of 64 bits.
MAX_DIGITS = 14


class ChoiceFilter(admin.SimpleListFilter):
    """One of a few choices; whatever else stands in the address leaves the list as it is."""

    @property
    def chosen(self) -> str:
        """What was chosen of what is offered; empty for all."""
        value = self.value() or ""
        return value if value in dict(self.lookup_choices) else ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:  # noqa: ARG002 - Django's signature
        return self.matching(queryset, self.chosen) if self.chosen else queryset

    def matching(self, orders: QuerySet[Order], choice: str) -> QuerySet[Order]:
        """Those of `orders` that `choice` names, which is never empty."""
        raise NotImplementedError


class WaitingFilter(ChoiceFilter):
    """What orders wait for."""

    title = "waiting for"
    parameter_name = "waiting_for"

    def lookups(self, *_: object) -> Iterable[tuple[str, str]]:
        """Everything that an order may wait for."""
        return [(waiting, in_words(waiting)) for waiting in Waiting if waiting]

    def matching(self, orders: QuerySet[Order], choice: str) -> QuerySet[Order]:
        return orders_waiting_for(orders, choice)


class PaymentFilter(ChoiceFilter):
    """Filters by payment status."""

    title = "payment"
    parameter_name = "paid"

    def lookups(self, *_: object) -> Iterable[tuple[str, str]]:
        """What may become of it."""
        return list(PAID.items())

    def matching(self, orders: QuerySet[Order], choice: str) -> QuerySet[Order]:
        return orders.filter(payment_status=choice)


class ParcelFilter(ChoiceFilter):
    """Filters by delivery status."""

    title = "shipping"
    parameter_name = "parcel"

    def lookups(self, *_: object) -> Iterable[tuple[str, str]]:
        """What may become of it."""
        return [(parcel.value, label) for parcel, label in PARCEL.items()]

    def matching(self, orders: QuerySet[Order], choice: str) -> QuerySet[Order]:
        return orders_shipped(orders, Parcel(choice))


class ByHandFilter(ChoiceFilter):
    """Who sends the parcel off."""

    title = "fulfilment"
    parameter_name = "fulfilment"

    def lookups(self, *_: object) -> Iterable[tuple[str, str]]:
        """People or the simulation."""
        return [("manual", "Manual"), ("simulated", "Simulated")]

    def matching(self, orders: QuerySet[Order], choice: str) -> QuerySet[Order]:
        return orders.filter(fulfilment=choice)


class HeldTooLongFilter(ChoiceFilter):
    """What the dashboard counts as held too long."""

    title = "held too long"
    parameter_name = "held_too_long"

    def lookups(self, *_: object) -> Iterable[tuple[str, str]]:
        """These alone."""
        return [("1", "Yes")]

    def matching(self, orders: QuerySet[Order], choice: str) -> QuerySet[Order]:  # noqa: ARG002 - it has one choice
        """Orders that are held, and to which nothing has happened for long."""
        return orders_held_too_long(orders, held_since())


class ClientFilter(ChoiceFilter):
    """Which shop sent it."""

    title = "client"
    parameter_name = "client"

    def lookups(self, *_: object) -> Iterable[tuple[str, str]]:
        """The clients of the API by their names, and what came another way."""
        names = client_names()
        made_up = MADE_UP if any(name in SEED_CLIENTS for _, name in names) else ()
        return [*((str(pk), name) for pk, name in names), (FROM_SHELL, "None (command line)"), *made_up]

    def matching(self, orders: QuerySet[Order], choice: str) -> QuerySet[Order]:
        if choice == FROM_SHELL:
            return orders.filter(client=None)
        if choice in dict(MADE_UP):
            return orders.filter(made_up=choice == "made-up")
        return orders.filter(client=UUID(choice))


class StatusFilter(admin.ChoicesFieldListFilter):
    """Statuses, in words."""

    title = "status"

    def choices(self, changelist: object) -> Iterable[dict[str, object]]:  # type: ignore[override] # dicts do as well as its TypedDict
        """Django's choices; the words are ours."""
        for choice in super().choices(changelist):  # type: ignore[arg-type] # the change list, passed through
            yield {**choice, "display": in_words(str(choice["display"]))}


class RangeFilter(admin.ListFilter):
    """From here to there: a small form of its own. What is no such thing finds nothing, and says why."""

    template = "admin/orders/order/filter_range.html"
    form_class: type[forms.Form]

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: type[Order], model_admin: ModelAdmin[Order]
    ) -> None:
        """Take what is ours from the address."""
        super().__init__(request, params, model, model_admin)
        for name in self.expected_parameters():
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]
        self.form = self.form_class(self.used_parameters or None, initial=self.used_parameters)

    def has_output(self) -> bool:
        """Always."""
        return True

    def expected_parameters(self) -> list[str | None]:
        """The names of the form's fields."""
        return list(self.form_class.base_fields)

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, object]]:
        """What the form sends along so that the other filters stay."""
        others = changelist.get_filters_params()
        for name, values in others.items():
            if name not in self.expected_parameters():
                yield from ({"name": name, "value": value} for value in values)
        if changelist.query:
            yield {"name": "q", "value": changelist.query}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:  # noqa: ARG002 - Django's signature
        """Orders within the range."""
        if not self.used_parameters:
            return queryset
        return self.within(queryset, self.form.cleaned_data) if self.form.is_valid() else queryset.none()

    def within(self, orders: QuerySet[Order], asked: Mapping[str, Any]) -> QuerySet[Order]:
        """Those of `orders` within what was asked."""
        raise NotImplementedError


class PlacedForm(forms.Form):
    """Two days, both of them included."""

    placed_from = forms.DateField(required=False, label="From", widget=forms.DateInput({"type": "date"}))
    placed_to = forms.DateField(required=False, label="To", widget=forms.DateInput({"type": "date"}))


class PlacedFilter(RangeFilter):
    """When orders were placed."""

    title = "date placed"
    form_class = PlacedForm

    def within(self, orders: QuerySet[Order], asked: Mapping[str, Any]) -> QuerySet[Order]:
        """Whole days of the time zone that the admin shows."""
        first, last = asked["placed_from"], asked["placed_to"]
        if last == date.max:  # no day comes after it
            last = None
        return orders_placed(
            orders,
            timezone.make_aware(datetime.combine(first, time.min)) if first else None,
            timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min)) if last else None,
        )


class WorthForm(forms.Form):
    """Two sums of one currency: those of two cannot be compared."""

    worth_from = forms.DecimalField(required=False, min_value=0, max_digits=MAX_DIGITS, label="From")
    worth_to = forms.DecimalField(required=False, min_value=0, max_digits=MAX_DIGITS, label="To")
    worth_currency = forms.CharField(required=False, max_length=3, label="Currency")

    def clean_worth_currency(self) -> str:
        """Ours where none is given."""
        currency = str(self.cleaned_data["worth_currency"] or settings.DEFAULT_CURRENCY).upper()
        if currency not in CURRENCIES:
            raise forms.ValidationError("Unknown currency.")
        return currency

    def clean(self) -> dict[str, Any]:
        """The sums in minor units."""
        for name in ("worth_from", "worth_to"):
            amount, currency = self.cleaned_data.get(name), self.cleaned_data.get("worth_currency")
            if amount is not None and currency:
                try:
                    self.cleaned_data[name] = to_minor(amount, currency)
                except ValueError as error:
                    self.add_error(name, f"The amount {error}.")
        return self.cleaned_data


class WorthFilter(RangeFilter):
    """What orders cost."""

    title = "total"
    form_class = WorthForm

    def within(self, orders: QuerySet[Order], asked: Mapping[str, Any]) -> QuerySet[Order]:
        """Orders in that currency."""
        return orders_worth(orders, asked["worth_currency"], asked["worth_from"], asked["worth_to"])


def in_words(name: str) -> str:
    """A name of the tables as a person reads it."""
    return name.replace("_", " ").capitalize()


ORDER_FILTERS = (
    ("status", StatusFilter),
    WaitingFilter,
    "needs_attention",
    "held",
    HeldTooLongFilter,
    PaymentFilter,
    ParcelFilter,
    PlacedFilter,
    WorthFilter,
    ClientFilter,
    ByHandFilter,
)
