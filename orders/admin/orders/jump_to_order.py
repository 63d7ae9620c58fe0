"""The box on every page that takes a number, or what a scanner reads, and leads to its order."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from orders.admin.plain_admin import ensure
from orders.selectors.searching import order_meant

# No number of ours is longer; nor is the address of a page that a label may carry.
LONGEST = 300


@require_safe
def go(request: HttpRequest) -> HttpResponse:
    """To the one order that was meant, or to the list of all that it might be."""
    ensure(request, "orders.view_order")
    text = request.GET.get("q", "").strip()[:LONGEST]
    if order_id := order_meant(text):
        return redirect("admin:orders_order_change", order_id)
    listed = reverse("admin:orders_order_changelist")
    return redirect(f"{listed}?{urlencode({'q': text})}" if text else listed)
