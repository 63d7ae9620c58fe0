"""Every mail as a mail program shows it."""

from collections.abc import Iterator

from playwright.sync_api import Browser, Page

from orders.lifecycle import Status
from orders.mails import Mail
from orders.models import Delivery, Event, Order
from orders.services.customers.proof import send_code
from orders.services.notifications.customer_emails import email_for
from tests.factories import an_order_in
from tests.screenshots.customer import ORDERED

LANGUAGES = ("en", "de", "es", "fr")


def screens(browser: Browser, web: str) -> Iterator[tuple[str, Page]]:  # noqa: ARG001 - a mail needs no server
    """Each mail in English, and one of several lines in each language."""
    context = browser.new_context()
    page = context.new_page()
    for language in LANGUAGES:
        order = an_order_in(Status.SHIPPED, **ORDERED, locale=language)
        for mail in Mail if language == "en" else (Mail.RECEIVED, Mail.RETURN_APPROVED):
            page.set_content(html_of(order, mail))
            yield f"{mail}-{language}", page
    context.close()


def html_of(order: Order, mail: Mail) -> str:
    """What the customer of this order would get."""
    about = {"code": str(send_code(order.pk, client="").pk)} if mail is Mail.ACCESS_CODE else {}
    event = Event(data={"amount": 2400, "currency": "USD"})
    row = Delivery(order=order, event=event, seq=order.event_seq, template=mail, about=about)
    row.created_at = row.give_up_at = order.updated_at
    return email_for(row).email.html
