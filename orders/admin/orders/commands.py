"""The commands of all orders, read-only: first of all those that have not come to their end."""

from django.db.models import Q
from django.http import HttpRequest

from orders.admin.lists import ListAdmin, OrderColumn, StateFilter
from orders.commands import CommandState
from orders.models import Command


class CommandStateFilter(StateFilter):
    """Commands that have not come to their end, by indexes of their own, unless something else is chosen."""

    states = [(state, state.capitalize()) for state in CommandState]
    is_open = Q(state__in=[CommandState.PENDING, CommandState.DELIVERED])


class CommandAdmin(OrderColumn, ListAdmin[Command]):
    """Nothing is changed here: a command is issued on its order's page."""

    list_display = ("kind", "order_link", "state", "actor", "created_at", "attempts", "last_error", "outcome")
    list_filter = (CommandStateFilter,)
    list_select_related = ("order",)
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
