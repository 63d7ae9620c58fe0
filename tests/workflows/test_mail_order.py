"""Mails of one order beside each other: one that is refused or has to wait holds no other back."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from orders.lifecycle import EventType, Status
from orders.mails import CAUSED_BY, OVERTAKEN_BY, Mail
from orders.models import Order
from orders.services.state.deliveries import send_again
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order
from tests.conftest import unique
from tests.factories import an_order_in
from tests.mail_server import MailServer, mail_server
from tests.plugin import database_of_its_own
from workflows.sender import Sender


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    settings.MAILS = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with database_of_its_own(f"mails{unique()}"), mail_server() as running:
        settings.EMAIL_HOST, settings.EMAIL_PORT = running.server_address[:2]
        yield running


def rounds(number: int = 3) -> None:
    """So many rounds of a sender."""

    async def run() -> None:
        sender = Sender()
        for _ in range(number):
            await sender.run_once()
        await sender.finish()

    asyncio.run(run())


def due_now(order: Order) -> None:
    order.deliveries.filter(state="pending").update(available_at=timezone.now())


def mails(order: Order) -> list[tuple[str, str]]:
    return list(order.deliveries.filter(channel="mail").order_by("created_at", "seq").values_list("template", "state"))


def subjects(server: MailServer) -> list[str]:
    """The first words of what was taken, in order."""
    return [mail.partition("Subject: ")[2].partition(":")[0] for mail in server.taken]


def test_a_mail_that_is_refused_after_its_data_has_failed_and_the_next_one_leaves(server: MailServer) -> None:
    order = an_order_in(Status.SHIPPED)
    server.answers = {"after DATA": "554 Spam"}
    rounds(1)
    first = order.deliveries.get(template="received")
    assert (first.state, first.attempts) == ("failed", 1)
    assert first.last_error == "The mail server refuses the mail: 554."
    server.answers = {}
    rounds()
    assert mails(order) == [("received", "failed"), ("shipped", "sent")]


def test_a_mail_that_waits_for_its_next_attempt_does_not_hold_back_the_next_one(server: MailServer) -> None:
    order = an_order_in(Status.SHIPPED)
    server.answers = {"after DATA": "451 Later"}
    rounds(1)
    assert [row.attempts for row in order.deliveries.order_by("seq")] == [1, 0]
    server.answers = {}
    rounds()
    assert mails(order) == [("received", "pending"), ("shipped", "sent")]


def test_an_earlier_mail_is_not_sent_after_the_one_that_makes_it_untrue(server: MailServer) -> None:
    order = an_order_in(Status.SHIPPED)
    server.answers = {"after DATA": "451 Later"}
    rounds(1)
    server.answers = {}
    rounds()
    due_now(order)
    rounds()
    first = order.deliveries.get(template="received")
    assert (first.state, first.last_error) == ("failed", "A later mail has told the customer more.")
    assert len(server.taken) == 1
    send_again(first.pk)
    rounds()
    assert mails(order) == [("received", "sent"), ("shipped", "sent")]


def test_a_mail_about_money_is_sent_however_late(server: MailServer) -> None:
    order = an_order_in(Status.CANCELLED)
    order.deliveries.exclude(template="refunded").exclude(template="cancelled").delete()
    server.answers = {"after DATA": "451 Later"}
    rounds(1)
    server.answers = {}
    rounds()
    assert mails(order) == [("refunded", "pending"), ("cancelled", "sent")]
    due_now(order)
    rounds()
    assert mails(order) == [("refunded", "sent"), ("cancelled", "sent")]


def test_after_an_outage_mails_that_are_due_together_leave_in_their_order(server: MailServer) -> None:
    order = an_order_in(Status.SHIPPED)
    server.answers = {"connect": "421 Busy"}
    rounds()
    assert [row.attempts for row in order.deliveries.order_by("seq")] == [1, 1]
    server.answers = {}
    due_now(order)
    rounds(4)
    assert mails(order) == [("received", "sent"), ("shipped", "sent")]
    assert [row.template for row in order.deliveries.order_by("sent_at")] == ["received", "shipped"]


@pytest.mark.usefixtures("server")
def test_a_mail_about_one_return_is_not_made_untrue_by_one_about_another() -> None:
    order = an_order_in(Status.DELIVERED)
    order.deliveries.all().delete()
    for event, about in (
        (EventType.RETURN_REQUESTED, "a"),
        (EventType.RETURN_REQUESTED, "b"),
        (EventType.RETURN_REFUSED, "b"),
    ):
        with locked_order(order.pk) as locked:
            record(locked, event, actor="system", key=unique(), data={"return": about})
    order.deliveries.filter(template="return_requested").update(last_error="The mail was not taken.")
    order.deliveries.filter(template="return_refused").update(state="sent")
    rounds()
    assert mails(order) == [("return_requested", "sent"), ("return_requested", "failed"), ("return_refused", "sent")]


def test_what_overtakes_a_mail_is_caused_by_an_event_and_overtakes_no_earlier_self() -> None:
    for mail, later in OVERTAKEN_BY.items():
        assert mail not in later
        assert later - {Mail.REVIEW_DELAYED} <= set(CAUSED_BY.values())
