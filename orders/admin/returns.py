"""The returns of all orders, read-only: first of all those that wait for somebody."""

from collections.abc import Iterable

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from orders.admin.durations import age, time_left
from orders.admin.lists import PAGE, ShortPaginator
from orders.admin.plain_admin import ModelAdmin, ReadOnly
from orders.models import Return


class StateFilter(admin.SimpleListFilter):
    """Returns that wait for a decision or for their parcel, unless something else is chosen."""

    title = "state"
    parameter_name = "state"

    def lookups(self, *_: object) -> Iterable[tuple[str, str]]:
        """What may be chosen beside the open ones."""
        return [*Return.State.choices, ("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterable[dict[str, object]]:  # type: ignore[override] # dicts do as well as its TypedDict
        """The stock choices, of which the first is called by what it shows."""
        first, *others = super().choices(changelist)
        return [{**first, "display": "Open"}, *({**other} for other in others)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Return]) -> QuerySet[Return]:  # noqa: ARG002 - the stock signature
        """One state, by its index, or all."""
        if self.value() == "all":
            return queryset
        return queryset.filter(state=self.value()) if self.value() else queryset.filter(state__in=Return.OPEN)


class ReturnAdmin(ReadOnly, ModelAdmin[Return]):
    """Nothing is changed here: a return is decided and received on its order's page."""

    list_display = ("order_link", "number", "state", "cause", "age", "time_left", "amount_column")
    list_display_links = ("number",)
    list_filter = (StateFilter,)
    list_select_related = ("order",)
    list_per_page = PAGE
    paginator = ShortPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by = ()
    actions = None
    fields = (
        "id",
        "order_link",
        "number",
        "state",
        "cause",
        "amount_column",
        "deadline",
        "created_at",
        "decided_at",
        "received_at",
        "closed_at",
    )
    readonly_fields = fields

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Those that wait: the longest waiting first. Others: the newest first."""
        waiting = request.GET.get("state", "") in ("", *Return.OPEN)
        return ("created_at", "id") if waiting else ("-created_at", "-id")

    @admin.display(description="order")
    def order_link(self, row: Return) -> str:
        """Where it can be acted upon."""
        url = reverse("admin:orders_order_change", args=[row.order_id])
        return format_html('<a href="{}">{}</a>', url, row.order.code)

    @admin.display(description="age")
    def age(self, row: Return) -> str:
        """Since when."""
        return age(row.created_at)

    @admin.display(description="time left")
    def time_left(self, row: Return) -> str:
        """Until it should be decided, or have arrived."""
        if row.deadline is None:
            return "overdue" if row.state == Return.State.REQUESTED else "–"
        return time_left(row.deadline)

    @admin.display(description="refund")
    def amount_column(self, row: Return) -> str:
        """What goes back."""
        return row.amount_in_words or "–"
