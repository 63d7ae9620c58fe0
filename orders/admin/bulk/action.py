"""One action on many orders, from their list: write down what it would do to which of them, and show that."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from orders.admin.plain_admin import ensure
from orders.commands import Kind
from orders.errors import TooManyOrders
from orders.models import Order
from orders.roles import right_to
from orders.selectors.bulk import MAX_ORDERS, orders_chosen
from orders.selectors.searching import MAX_COUNTED
from orders.services.commands.bulk_runs import draft_run

NARROW = "Narrow the list with filters or search. Nothing was done."


def act(request: HttpRequest, chosen: QuerySet[Order], kind: Kind) -> HttpResponse | None:
    """Draft a run and go to its confirmation page; None: back to the list, with what was wrong."""
    ensure(request, right_to(kind))
    assert request.user.is_authenticated  # noqa: S101 - tells the type checker what the right implies
    orders = orders_chosen(chosen, kind)
    if len(orders) > MAX_COUNTED and _is_searched(request):
        # Of what a search matches only the newest are found: "all" would not be all.
        messages.error(request, f"The search finds more than {MAX_COUNTED} orders. {NARROW}")
        return None
    try:
        run = draft_run(orders, kind, author_id=request.user.pk)
    except TooManyOrders:
        messages.error(request, f"An action can be applied to at most {MAX_ORDERS} orders at a time. {NARROW}")
        return None
    return redirect("admin:orders_bulkrun_change", run.pk)


def _is_searched(request: HttpRequest) -> bool:
    return bool(request.GET.get("q", "").strip())
