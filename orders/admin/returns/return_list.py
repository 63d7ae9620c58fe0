"""The returns of all orders, read-only: first of all those that wait for somebody."""

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from orders.admin.durations import age, time_left
from orders.admin.lists import ListAdmin, OrderColumn, StateFilter
from orders.lifecycle import RETURN_OPEN, ReturnStage
from orders.models import Return
from orders.models.returns import STAGES


class ReturnStateFilter(StateFilter):
    """Returns that wait for a decision or for their parcel, unless something else is chosen."""

    states = STAGES
    is_open = Q(state__in=RETURN_OPEN)


class ReturnAdmin(OrderColumn, ListAdmin[Return]):
    """Nothing is changed here: a return is decided and received on its order's page."""

    list_display = ("order_link", "number", "state", "cause", "age", "time_left", "amount_column")
    list_display_links = ("number",)
    list_filter = (ReturnStateFilter,)
    list_select_related = ("order",)
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
        waiting = request.GET.get("state", "") in ("", *RETURN_OPEN)
        return ("created_at", "id") if waiting else ("-created_at", "-id")

    @admin.display(description="age")
    def age(self, row: Return) -> str:
        """Since when."""
        return age(row.created_at)

    @admin.display(description="time left")
    def time_left(self, row: Return) -> str:
        """Until it should be decided, or have arrived."""
        if row.deadline is None:
            return "overdue" if row.state == ReturnStage.REQUESTED else "–"
        return time_left(row.deadline)

    @admin.display(description="refund")
    def amount_column(self, row: Return) -> str:
        """What goes back."""
        return row.amount_in_words or "–"
