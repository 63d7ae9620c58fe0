"""Lost links: mailed to who reads the mail, while the answer tells nobody whether an address has orders."""

from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from orders.models import Delivery, LostLinkRequest, ThrottleWindow
from orders.services.customers.lost_links import write_requested_links
from tests.conftest import unique
from tests.factories import an_order


def test_a_lost_link_gets_the_same_answer_whoever_asks() -> None:
    order = an_order(customer_email=f"Jane.{unique()}@Example.com")
    answers = [Client().post("/track/lost/", {"email": email}) for email in (order.customer_email, "no@example.com")]
    assert answers[0].status_code == answers[1].status_code == 200
    assert answers[0].content == answers[1].content
    write_requested_links()
    assert Delivery.objects.filter(order=order, template="lost_link").count() == 1


def test_a_lost_link_takes_the_same_statements_for_an_address_without_orders() -> None:
    order = an_order()

    def statements(email: str) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            Client().post("/track/lost/", {"email": email})
        return [query["sql"].split(" VALUES ")[0][:60] for query in queries]

    statements(f"{unique()}@example.com")
    assert statements(order.customer_email) == statements(f"{unique()}@example.com")
    assert LostLinkRequest.objects.filter(address=order.customer_email.casefold()).count() == 1


def test_the_address_that_asked_is_forgotten_when_the_mail_is_written() -> None:
    order = an_order()
    write_requested_links()  # what other tests asked for
    for email in (order.customer_email, f"{unique()}@example.com"):
        Client().post("/track/lost/", {"email": email})
    assert write_requested_links() == 2
    assert not LostLinkRequest.objects.exists()


def test_an_address_gets_its_links_once_an_hour() -> None:
    order = an_order()
    answers = [Client().post("/track/lost/", {"email": text}) for text in (order.customer_email,) * 3]
    assert {answer.status_code for answer in answers} == {200}
    write_requested_links()
    assert Delivery.objects.filter(order=order, template="lost_link").count() == 1


def test_its_hour_begins_when_it_asks_not_when_the_clock_strikes() -> None:
    order = an_order()

    def mails_after(minutes: int) -> int:
        ThrottleWindow.objects.update(started_at=F("started_at") - timedelta(minutes=minutes))
        Client().post("/track/lost/", {"email": order.customer_email})
        write_requested_links()
        return Delivery.objects.filter(order=order, template="lost_link").count()

    assert [mails_after(0), mails_after(30), mails_after(29), mails_after(2)] == [1, 1, 1, 2]


def test_one_client_address_cannot_ask_for_many_links(settings: Settings) -> None:
    settings.TRACKING_RATE_LIMIT = 2
    client = Client(REMOTE_ADDR="198.51.100.77")
    asked = [client.post("/track/lost/", {"email": f"{unique()}@example.com"}) for _ in range(3)]
    assert [answer.status_code for answer in asked] == [200, 200, 429]
