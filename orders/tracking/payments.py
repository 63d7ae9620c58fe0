"""The customer pays: a page of ours that leads to the gateway's payment page, and the way back from there.

The link of the order suffices: whoever pays sees no more than the amount, and changes nothing else.
"""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from orders.client_address import client_address
from orders.commands import Kind
from orders.errors import CommandRefused, GatewayUnavailable, PaymentRefused
from orders.models import CheckoutPayment, Order
from orders.money import localised
from orders.selectors.commands import newest_command, outcome_of
from orders.selectors.payments import amount_due, awaits_new_payment, may_be_paid, transferred
from orders.services.checkouts.settlement import settle_checkout
from orders.services.payments.checkouts import open_checkout
from orders.tracking.access import of_customer

logger = logging.getLogger(__name__)

# How long the way back waits for the order to be charged.
WAIT_SECONDS = 3.0


@of_customer
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, order: Order) -> HttpResponse:
    """What is due, and a button that opens the gateway's payment page."""
    fault = ""
    if request.method == "POST":
        try:
            opened = open_checkout(order.pk, return_url=_absolute("paid", order), cancel_url=_absolute("order", order))
            return render(request, "tracking/go_to_payment.html", {"order": order, "url": opened.url})
        except CommandRefused:  # somebody paid or cancelled meanwhile: the page says so
            order.refresh_from_db()
        except (GatewayUnavailable, PaymentRefused) as error:
            logger.warning("The payment page of order %s could not be opened: %s", order.pk, error.message)
            fault = error.code
    is_away = fault == GatewayUnavailable.code
    page = _page(order) | {"is_away": is_away, "is_refused": fault == PaymentRefused.code}
    return render(request, "tracking/pay.html", page, status=503 if is_away else 200)


@of_customer
@require_safe
def paid(request: HttpRequest, order: Order) -> HttpResponse:
    """Back from the payment page: the gateway is asked what happened there, then the order's page tells it."""
    for row in order.checkouts.filter(state=CheckoutPayment.State.OPEN):
        try:
            settle_checkout(row.pk)
        except GatewayUnavailable as error:
            logger.warning("Checkout %s is asked about again later: %s", row.pk, error.message)
    newest = order.checkouts.order_by("created_at").last()
    is_paid = newest is not None and newest.state in (CheckoutPayment.State.PAID, CheckoutPayment.State.USED)
    command = newest_command(order, Kind.RETRY_PAYMENT) if is_paid else None
    page = reverse("tracking:order", args=[order.code])
    if command is None:
        return redirect(page)
    outcome_of(command.pk, within=WAIT_SECONDS, client=client_address(request))
    return redirect(f"{page}?change={command.pk}")


def _page(order: Order) -> dict[str, object]:
    due, arrived = amount_due(order), transferred(order)
    return {
        "order": order,
        "accepted": may_be_paid(order),
        "due": localised(due, order.currency),
        "deadline": order.deadline if awaits_new_payment(order) else None,
        "bank_account": settings.BANK_ACCOUNT,
        "arrived": localised(arrived, order.currency) if arrived else "",
        "missing": localised(due - arrived, order.currency),
    }


def _absolute(name: str, order: Order) -> str:
    return f"{settings.PUBLIC_URL}{reverse(f'tracking:{name}', args=[order.code])}"
