"""The commands of all orders, read-only: first of all those that have not come to their end."""

from collections.abc import Iterable

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from orders.admin.lists import PAGE, ShortPaginator
from orders.admin.plain_admin import ModelAdmin, ReadOnly
from orders.commands import CommandState
from orders.models import Command

OPEN = Q(state__in=[CommandState.PENDING, CommandState.DELIVERED])


class StateFilter(admin.SimpleListFilter):
    """Open commands unless something else is chosen."""

    title = "state"
    parameter_name = "state"

    def lookups(self, *_: object) -> Iterable[tuple[str, str]]:
        """What may be chosen beside the open ones."""
        return [(state, state.capitalize()) for state in CommandState] + [("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterable[dict[str, object]]:  # type: ignore[override] # dicts do as well as its TypedDict
        """The stock choices, of which the first is called by what it shows."""
        first, *others = super().choices(changelist)
        return [{**first, "display": "Open"}, *({**other} for other in others)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Command]) -> QuerySet[Command]:  # noqa: ARG002 - the stock signature
        """Open commands have indexes of their own."""
        if self.value() == "all":
            return queryset
        return queryset.filter(state=self.value()) if self.value() else queryset.filter(OPEN)


class CommandAdmin(ReadOnly, ModelAdmin[Command]):
    """Nothing is changed here: a command is issued on its order's page."""

    list_display = ("kind", "order_link", "state", "actor", "created_at", "attempts", "last_error", "outcome")
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
        "seq",
        "kind",
        "state",
        "outcome",
        "actor",
        "reason",
        "created_at",
        "available_at",
        "delivered_at",
        "settled_at",
        "attempts",
        "last_error",
    )
    readonly_fields = fields

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Open ones: the longest waiting first. All: the newest orders' first, in the order of an index."""
        return ("-order_id", "-seq") if "state" in request.GET else ("created_at", "order_id", "seq")

    @admin.display(description="order")
    def order_link(self, command: Command) -> str:
        """Where it can be acted upon."""
        url = reverse("admin:orders_order_change", args=[command.order_id])
        return format_html('<a href="{}">{}</a>', url, command.order.code)
