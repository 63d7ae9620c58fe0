"""What the lists share whose rows the product writes itself: an order's, and what belongs to orders."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from orders.admin.plain_admin import ModelAdmin, Paginator, ReadOnly
from orders.models import Approval, Command, Delivery, Return
from orders.selectors.searching import MAX_COUNTED

Row = TypeVar("Row", bound=Model)

PAGE = 50
ALL = "all"


class ShortPaginator(Paginator[Any]):
    """Counts no further than `MAX_COUNTED` rows, so that a list of a million costs as much as one of a thousand."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most `MAX_COUNTED`."""
        return min(self._counted, MAX_COUNTED)

    @property
    def is_cut_short(self) -> bool:
        """There are more rows than it counts."""
        return self._counted > MAX_COUNTED

    @cached_property
    def _counted(self) -> int:
        return cast("QuerySet[Any]", self.object_list).order_by()[: MAX_COUNTED + 1].count()


class StateFilter(admin.SimpleListFilter):
    """One state, all of them (`all`), or, without a choice in the address, the rows that are open."""

    title = "state"
    parameter_name = "state"
    states: Iterable[tuple[str, str]]
    is_open = Q()
    open_title = "Open"
    # Whether a search without a chosen state is for rows in any state.
    searches_all = False

    def lookups(self, *_: object) -> Iterable[tuple[str, str]]:
        return [*self.states, (ALL, "All")]

    def choices(self, changelist: ChangeList) -> Iterable[dict[str, object]]:  # type: ignore[override] # dicts do as well as its TypedDict
        """Django's choices; its first, for no choice, is called by what it shows."""
        first, *others = super().choices(changelist)
        return [{**first, "display": self.open_title}, *({**other} for other in others)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        state = self.value()
        if state == ALL or (not state and self.searches_all and request.GET.get("q")):
            return queryset
        return queryset.filter(state=state) if state else self.open_rows(queryset)

    def open_rows(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(self.is_open)


class ListAdmin(ReadOnly, ModelAdmin[Row]):
    """A long list of rows that nobody edits: no column sorts it, and nothing counts all of its rows."""

    # Empty: Django's own title.
    list_title = ""
    list_per_page = PAGE
    paginator = ShortPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by = ()
    actions: Sequence[str] | None = None

    def action_checkbox(self, obj: Row) -> SafeString:
        """Django's box, without a template for each row."""
        box = '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">'
        label = gettext("Select this object for an action - {}").format(obj)
        return format_html(box, ACTION_CHECKBOX_NAME, obj.pk, label)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": self.list_title} if self.list_title else {}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Row],
        search_term: str,
    ) -> tuple[QuerySet[Row], bool]:
        """By an index, where the list has `search_fields`: they name no more than the box to type in."""
        found = self.search(queryset, search_term) if self.search_fields and search_term.strip() else queryset
        return found, False

    def search(self, rows: QuerySet[Row], text: str) -> QuerySet[Row]:
        """For a list with `search_fields`."""
        raise NotImplementedError


class PageAdmin(ListAdmin[Row]):
    """A list whose rows have a page of the product's own in place of Django's form."""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002 - Django's signature
    ) -> HttpResponse:
        return self.show(request, object_id)

    def show(self, request: HttpRequest, object_id: str) -> HttpResponse:
        raise NotImplementedError


class OrderColumn:
    """For a list of what belongs to orders: a column that leads to the order, where it can be acted upon."""

    @admin.display(description="order")
    def order_link(self, row: Approval | Command | Delivery | Return) -> str:
        url = reverse("admin:orders_order_change", args=[row.order_id])
        return format_html('<a href="{}">{}</a>', url, row.order.code)
