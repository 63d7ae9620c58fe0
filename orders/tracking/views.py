"""The order's page, its live part and its receipt. A GET changes nothing."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from orders.ids import normalise_code
from orders.models import Order
from orders.money import localised
from orders.selectors import tracking as reads
from orders.services.customers.access import TO_PAY, order_opened_by_link
from orders.tracking import details, presentation, returned, still_open
from orders.tracking.access import (
    ask_for_email,
    is_confirmed,
    let_in,
    of_customer,
    of_proven_customer,
)


@require_safe
def order_page(request: HttpRequest, code: str) -> HttpResponse:
    """The order's page; a token in the link is first exchanged for a cookie."""
    if "token" not in request.GET:
        return _order_page(request, code=code)
    order = order_opened_by_link(normalise_code(code), request.GET["token"])
    if order is None:
        return ask_for_email(code)
    return let_in(order, "payment" if request.GET.get("next") == TO_PAY else "order")


@of_customer
def _order_page(request: HttpRequest, order: Order) -> HttpResponse:
    return render(request, "tracking/order.html", _page(request, reads.tracked(order)))


@of_customer
@require_safe
def live(request: HttpRequest, order: Order) -> HttpResponse:
    """The live part of the page, which the page polls; 304 while unchanged."""
    if unchanged := get_conditional_response(request, etag=_etag(request, order)):
        return unchanged
    page = _page(request, reads.tracked(order))
    response = render(request, "tracking/body.html", page)
    response["ETag"] = page["etag"]
    return response


@of_proven_customer
@require_safe
def receipt(request: HttpRequest, order: Order) -> HttpResponse:
    tracked = reads.tracked(order)
    order = tracked.order
    page = {"order": order, "total": localised(order.total, order.currency), "payments": details.payment_facts(tracked)}
    page |= {
        "lines": details.lines(tracked),
        "totals": details.totals(tracked),
        "address": details.address_lines(tracked),
    }
    return render(request, "tracking/receipt.html", page)


def _page(request: HttpRequest, tracked: reads.TrackedOrder) -> dict[str, Any]:
    order = tracked.order
    confirmed, change = is_confirmed(request, order), _change_shown(request)
    notice = presentation.notice(tracked, change) if confirmed else None
    changes = details.changes(tracked, confirmed=confirmed)
    page = {
        "order": order,
        "tracked": tracked,
        "confirmed": confirmed,
        "headline": presentation.headline(tracked, may_pay=any(it.name == "payment" for it in changes)),
        "open": still_open.still_open(
            tracked, confirmed=confirmed, is_answered=bool(notice and notice.tone == "waiting")
        ),
        "notice": notice,
        "expected": details.expected(tracked),
        "parcels": details.parcels(tracked),
        "steps": presentation.steps(tracked),
        "timeline": presentation.timeline(tracked, confirmed=confirmed),
        "lines": details.lines(tracked),
        "totals": details.totals(tracked),
        "total": localised(order.total, order.currency),
        "changes": changes,
        "room": details.most_changes(tracked),
        "mails": settings.MAILS,
        "returns": returned.tracked_returns(order),
        "polls": still_open.goes_on(tracked) or returned.goes_on(order),
        "etag": _etag(request, order),
        "change": change,
    }
    return page | _private_part(tracked) if confirmed else page


def _private_part(tracked: reads.TrackedOrder) -> dict[str, Any]:
    """What is shown only for a confirmed email address."""
    return {
        "payments": details.payment_facts(tracked),
        "has_receipt": any(own.state == own.State.CAPTURED or own.refunded for own in tracked.payments),
        "address": details.address_lines(tracked),
        "parcel": tracked.parcel,
        "parcel_link": details.parcel_link(tracked.parcel),
    }


def _change_shown(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("change", ""))
    except ValueError:
        return None


def _etag(request: HttpRequest, order: Order) -> str:
    """Differs by language, time zone and confirmation, as the page does."""
    shown = (get_language(), timezone.get_current_timezone_name(), is_confirmed(request, order))
    return quote_etag(f"{reads.version_of(order, _change_shown(request))}.{'.'.join(map(str, shown))}")
