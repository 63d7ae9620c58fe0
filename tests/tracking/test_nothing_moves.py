"""While an order's page is looked at, what comes and goes moves nothing else, in any language."""

from collections.abc import Callable
from itertools import product

import pytest
from django.db import transaction
from playwright.sync_api import Browser

from orders.lifecycle import Status
from orders.models import Order
from orders.services.commands import deadlines
from orders.services.fulfilment import automatic, labels
from orders.services.orders import cancellation
from orders.services.payments import charging, refunds
from tests.factories import an_order_in, command, settle
from tests.screenshots.customer import ORDERED, Visit, pay_on_the_page
from tests.tracking.test_weight import HASTE

WATCH = """
    window.shifts = [];
    new PerformanceObserver(list => window.shifts.push(...list.getEntries()
        .map(entry => [entry.value, entry.sources.map(({node, previousRect, currentRect}) =>
            [node && (node.id || node.className || node.nodeName), previousRect.top, currentRect.top])])))
        .observe({type: "layout-shift"});
"""

Act = Callable[[Order], object]


def cancelled_at_once(order: Order) -> None:
    """As a relay does it within 30 ms: a page that asks in between names the open request, which takes a line."""
    with transaction.atomic():
        command(order, "cancel")


STORIES: dict[str, tuple[Status, str, list[Act]]] = {
    "paid": (
        Status.IN_REVIEW,
        "tok_ok",
        [lambda it: deadlines.pass_deadline(it.pk, Status.IN_REVIEW), lambda it: charging.charge(it.pk)],
    ),
    "delivered": (
        Status.PAID,
        "tok_ok",
        [
            lambda it: automatic.start_picking(it.pk),
            lambda it: automatic.pack(it.pk),
            lambda it: labels.book_label(it.pk),
            lambda it: automatic.ship(it.pk),
            lambda it: automatic.deliver(it.pk),
        ],
    ),
    "cancelled": (
        Status.PAID,
        "tok_ok",
        [
            cancelled_at_once,
            lambda it: refunds.return_payment(it.pk),
            lambda it: cancellation.finish_cancellation(it.pk),
        ],
    ),
    "declined": (
        Status.IN_REVIEW,
        "tok_declined",
        [lambda it: deadlines.pass_deadline(it.pk, Status.IN_REVIEW), lambda it: charging.charge(it.pk)],
    ),
    "paid by the customer": (
        Status.AWAITING_PAYMENT,
        "checkout",
        [
            pay_on_the_page,
            lambda it: settle(it.commands.get(kind="retry_payment")),
            lambda it: charging.charge(it.pk),
        ],
    ),
}
SIZES = {"narrow": (320, 2800), "wide": (1280, 1800)}
# `make test` looks at each story, language and size once; `make test-faults` at all of them together.
FEW = list(zip(STORIES, ("en", "de", "es", "fr", "de"), ("narrow", "wide") * 2 + ("narrow",), strict=True))
EVERY = [
    pytest.param(
        story, locale, SIZES[size], id=f"{story}-{locale}-{size}", marks=[] if at in FEW else [pytest.mark.slow]
    )
    for at in product(STORIES, ("en", "de", "es", "fr"), SIZES)
    for story, locale, size in [at]
]
CHANGED = "before => document.getElementById('live').dataset.etag !== before"


@pytest.mark.parametrize(("story", "locale", "size"), EVERY)
def test_nothing_moves(browser: Browser, web: str, story: str, locale: str, size: tuple[int, int]) -> None:
    start, method, acts = STORIES[story]
    order = an_order_in(start, **ORDERED, payment_method=method, locale=locale)
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.add_init_script(HASTE)
    Visit(page, web).opens(order)
    page.wait_for_timeout(300)
    page.evaluate(WATCH)
    for act in acts:
        before = page.locator("#live").get_attribute("data-etag")
        act(order)
        page.wait_for_function(CHANGED, arg=before)
        page.wait_for_timeout(100)
    shifts = page.evaluate("window.shifts")
    context.close()
    assert shifts == []
