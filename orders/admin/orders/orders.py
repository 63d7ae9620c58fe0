"""The list of orders, and where an order's own screens are found. Nothing is edited here: commands change orders."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from orders.admin.bulk import action
from orders.admin.lists import PAGE, PageAdmin
from orders.admin.orders import correct_email, export, jump_to_order, order_actions, order_list, order_page, saved_views
from orders.admin.orders.filters import ORDER_FILTERS
from orders.admin.review import review_queue
from orders.admin.warehouse import work
from orders.commands import Kind
from orders.models import Order
from orders.roles import right_to
from orders.selectors.bulk import MAX_ORDERS
from orders.selectors.searching import orders_found


class OrderAdmin(PageAdmin[Order]):
    """What staff see of all orders, and what of it each may do."""

    list_title = "Orders"
    list_display = order_list.COLUMNS
    list_filter = ORDER_FILTERS
    search_fields = ("code",)
    search_help_text = (
        "Number, reference, name, email, address, item or tracking number. Whole words or their beginning, in any order"
    )
    ordering = ("-created_at", "id")
    list_max_show_all = PAGE
    actions = ("approve_selected", "reject_selected", "cancel_selected")

    def get_urls(self) -> list[URLPattern]:
        """The order's screens, each action at an address of its own, before Django's."""
        view = self.admin_site.admin_view
        note = path("<uuid:order_id>/note/", view(self.note_view), name="orders_order_note")
        live = path("<uuid:order_id>/live/", view(self.live_view), name="orders_order_live")
        actions = [
            path(f"<uuid:order_id>/{kind}/", view(self.action_view), {"kind": kind}, f"orders_order_{kind}")
            for kind in order_actions.ACTIONS
        ]
        screens = [*review_queue.urls(self.admin_site), *work.urls(self.admin_site)]
        email = path("<uuid:order_id>/correct-email/", view(self.email_view), name="orders_order_correct_email")
        return [*self._list_urls(), *screens, note, live, email, *actions, *super().get_urls()]

    def _list_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("go/", view(jump_to_order.go), name="orders_order_go"),
            path("export/", view(self.export_view), name="orders_order_export"),
            path("views/", view(saved_views.save), name="orders_order_save_view"),
            path("views/<uuid:view_id>/delete/", view(saved_views.delete), name="orders_order_delete_view"),
        ]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """What the filters leave, as a file."""
        return export.export(request, self)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ARG002 - Django's signature
        """Ours knows the badges."""
        return order_list.OrderChangeList

    def search(self, rows: QuerySet[Order], text: str) -> QuerySet[Order]:
        """By the words of an order and how they begin."""
        return orders_found(rows, text)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        more = {"most_in_bulk": MAX_ORDERS, **saved_views.context(request)}
        return super().changelist_view(request, {**more, **(extra_context or {})})

    def show(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return order_page.show(request, self, object_id)

    def live_view(self, request: HttpRequest, **at: Any) -> HttpResponse:
        """Where the order's page asks whether it is still true."""
        return order_page.live(request, **at)

    def email_view(self, request: HttpRequest, **at: Any) -> HttpResponse:
        """Where a mistyped address is put right."""
        return correct_email.correct(request, self, **at)

    def note_view(self, request: HttpRequest, **at: Any) -> HttpResponse:
        """Where the note box sends what is typed."""
        return order_page.note(request, **at)

    def action_view(self, request: HttpRequest, **at: Any) -> HttpResponse:
        """The page of one action."""
        return order_actions.act(request, self, **at)

    @admin.action(description="Approve selected orders", permissions=["approve"])
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """Show what would happen; who confirms that issues a command for each."""
        return action.act(request, queryset, Kind.APPROVE)

    @admin.action(description="Reject selected orders", permissions=["reject"])
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """Show what would happen; who confirms that issues a command for each."""
        return action.act(request, queryset, Kind.REJECT)

    @admin.action(description="Cancel selected orders", permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """Show what would happen; who confirms that issues a command for each."""
        return action.act(request, queryset, Kind.CANCEL)

    def has_approve_permission(self, request: HttpRequest) -> bool:
        """Whether this person may approve many at once."""
        return request.user.has_perm(right_to(Kind.APPROVE))

    def has_reject_permission(self, request: HttpRequest) -> bool:
        """Whether this person may reject many at once."""
        return request.user.has_perm(right_to(Kind.REJECT))

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Whether this person may cancel many at once."""
        return request.user.has_perm(right_to(Kind.CANCEL))

    @admin.display(description="customer")
    def customer(self, order: Order) -> str:
        """Whose it is."""
        return order.customer_name

    @admin.display(description="total")
    def total_column(self, order: Order) -> str:
        """What it costs."""
        return order.total_in_words

    @admin.display(description="status")
    def status_column(self, order: Order) -> str:
        """Where it stands."""
        return order_list.status_badge(order)

    @admin.display(description="waiting for")
    def waits_for(self, order: Order) -> str:
        """Why it stands there, and until when."""
        return order_list.waiting_cell(order)

    @admin.display(description="age")
    def age(self, order: Order) -> str:
        """Since when."""
        return order_list.age_cell(order)

    @admin.display(description="flags")
    def flags(self, order: Order) -> str:
        """What is out of the ordinary."""
        return order_list.badges(order)
