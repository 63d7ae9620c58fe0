"""The sender: real calls to a real server, in order, as often as it takes, and to each endpoint by itself."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from orders.lifecycle import EventType, Status
from orders.models import ApiClient, Delivery, Order, WebhookEndpoint
from orders.services.notifications.webhook_endpoints import register_endpoint, rotate_secret, secret_of
from orders.services.state.deliveries import send_again
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order
from tests.conftest import unique
from tests.factories import an_order, an_order_in
from tests.plugin import database_of_its_own
from tests.receiver import Received, Receiver, receiver
from workflows.sender import MAX_CONCURRENT_CALLS, Sender


@pytest.fixture(scope="module", autouse=True)
def _own_database() -> Iterator[None]:
    """A sender takes whatever is pending."""
    with database_of_its_own(f"sender{unique()}"):
        yield


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> Iterator[None]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    yield
    Delivery.objects.filter(state="pending").update(state="failed")


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


def endpoint(server: Receiver, path: str = "/", client: ApiClient | None = None) -> WebhookEndpoint:
    client = client or ApiClient.objects.create(name=f"shop {unique()}")
    return register_endpoint(client, f"{server.url}{path}")


def rounds(number: int = 1, *senders: Sender) -> None:
    """So many rounds of each sender, beside each other."""

    async def all_of_them() -> None:
        await asyncio.gather(*(one(sender) for sender in at_work))

    async def one(sender: Sender) -> None:
        for _ in range(number):
            await sender.run_once()
        await sender.finish()

    at_work = senders or (Sender(),)
    asyncio.run(all_of_them())


def due_now(order: Order) -> None:
    """As if the backoff were over."""
    order.deliveries.filter(state="pending").update(available_at=timezone.now())


def something_more(order: Order) -> None:
    """Another event of the order."""
    with locked_order(order.pk) as locked:
        record(locked, EventType.ATTENTION_CLEARED, actor="system", key=unique())


def seqs(server: Receiver, order: Order) -> list[int]:
    return [call.content["seq"] for call in server.received if call.content["order_id"] == str(order.pk)]


def slowly(call: Received) -> tuple[int, bytes]:
    """Take two seconds at one address, none at others."""
    time.sleep(2 if call.path == "/slow" else 0)
    return 200, b""


def test_it_tells_a_shop_of_an_event_signed_and_without_personal_data(shop: Receiver) -> None:
    there = endpoint(shop, "/hooks?a=b")
    order = an_order(client=there.client, reference="R-1")
    rounds()
    (call,) = shop.received
    event = order.events.get()
    assert (call.path, call.headers["content-type"]) == ("/hooks?a=b", "application/json")
    assert call.is_signed_with(secret_of(there))
    assert call.content == {
        "id": str(event.pk),
        "type": "order_received",
        "seq": 1,
        "order_id": str(order.pk),
        "code": order.code,
        "reference": "R-1",
        "status": "received",
        "data": event.data,
        "created_at": event.created_at.isoformat(),
    }


def test_it_writes_down_what_was_answered(shop: Receiver) -> None:
    shop.answering = lambda _: (202, b"queued \0 " + b"x" * 5000)
    order = an_order(client=endpoint(shop).client)
    rounds()
    row = order.deliveries.get()
    attempt = row.tries.get()
    assert (row.state, row.attempts, row.sent_at is not None) == ("sent", 1, True)
    assert (attempt.number, attempt.status, attempt.error) == (1, 202, "")
    assert attempt.answer.startswith("queued \ufffd xxx")
    assert len(attempt.answer) == 1000
    assert attempt.milliseconds >= 0


@pytest.mark.parametrize("status", [100, 204, 299, 300, 301, 400, 404, 500, 503])
def test_only_an_answer_in_the_200s_counts_as_heard(shop: Receiver, status: int) -> None:
    shop.headers = {"Location": f"{shop.url}/elsewhere"}
    shop.answering = lambda _: (status, b"")
    order = an_order(client=endpoint(shop).client)
    rounds()
    row = order.deliveries.get()
    assert row.state == ("sent" if 200 <= status < 300 else "pending")
    assert shop.at("/elsewhere") == []
    assert row.state == "sent" or row.last_error


def test_a_later_event_waits_for_the_one_that_fails_and_other_orders_do_not(shop: Receiver) -> None:
    there = endpoint(shop)
    order, other = (an_order_in(Status.IN_REVIEW, client=there.client) for _ in range(2))
    fails = {str(order.pk)}
    shop.answering = lambda call: (500 if call.content["order_id"] in fails else 200, b"")
    rounds(4)
    assert (seqs(shop, order), seqs(shop, other)) == ([1], [1, 2])
    fails.clear()
    due_now(order)
    rounds(4)
    assert seqs(shop, order) == [1, 1, 2]


def test_an_attempt_that_is_made_again_is_the_same_message_signed_anew(shop: Receiver) -> None:
    there = endpoint(shop)
    order = an_order(client=there.client)
    shop.answering = lambda _: (500, b"")
    rounds()
    due_now(order)
    rounds()
    first, again = shop.received
    assert (first.id, first.body) == (again.id, again.body)
    assert [row.number for row in order.deliveries.get().tries.all()] == [1, 2]


def test_what_is_behind_a_failed_one_is_not_looked_at_before_it_and_not_kept_longer(shop: Receiver) -> None:
    order = an_order_in(Status.IN_REVIEW, client=endpoint(shop).client)
    shop.answering = lambda _: (500, b"")
    rounds()
    first, second = order.deliveries.order_by("seq")
    assert second.available_at >= first.available_at > timezone.now() + timedelta(seconds=3)
    shop.answering = lambda _: (200, b"")
    send_again(first.pk)
    rounds(3)
    assert seqs(shop, order) == [1, 1, 2]


def test_after_three_days_it_has_failed_and_the_next_one_goes_on(shop: Receiver) -> None:
    order = an_order_in(Status.IN_REVIEW, client=endpoint(shop).client)
    order.deliveries.filter(seq=1).update(give_up_at=timezone.now())
    shop.answering = lambda call: (500 if call.content["seq"] == 1 else 200, b"")
    rounds(3)
    assert list(order.deliveries.order_by("seq").values_list("state", flat=True)) == ["failed", "sent"]


def test_sent_again_it_comes_at_once_with_the_same_id(shop: Receiver) -> None:
    order = an_order(client=endpoint(shop).client)
    rounds()
    send_again(order.deliveries.get().pk)
    rounds()
    assert len(shop.received) == 2
    assert len({call.id for call in shop.received}) == 1
    assert (order.deliveries.get().state, order.deliveries.get().attempts) == ("sent", 2)


def test_an_endpoint_that_answers_410_is_switched_off_with_all_that_was_meant_for_it(shop: Receiver) -> None:
    there = endpoint(shop)
    order = an_order_in(Status.IN_REVIEW, client=there.client)
    shop.answering = lambda _: (410, b"")
    rounds(3)
    there.refresh_from_db()
    assert (there.state, there.state_reason) == ("disabled", "It answered 410: gone.")
    assert list(order.deliveries.values_list("state", flat=True)) == ["failed", "failed"]
    something_more(order)
    assert (len(shop.received), order.deliveries.count()) == (1, 2)


def test_two_secrets_sign_while_one_is_changed_over(shop: Receiver) -> None:
    there = endpoint(shop)
    old = secret_of(there)
    new = secret_of(rotate_secret(there.client, there.pk))
    order = an_order(client=there.client)
    rounds()
    assert [shop.received[0].is_signed_with(secret) for secret in (old, new)] == [True, True]
    WebhookEndpoint.objects.filter(pk=there.pk).update(previous_until=timezone.now())
    something_more(order)
    rounds()
    assert [shop.received[1].is_signed_with(secret) for secret in (old, new)] == [False, True]


def test_a_key_of_ours_can_be_changed_over_without_a_shop_noticing(shop: Receiver, settings: Any) -> None:
    there = endpoint(shop)
    old = secret_of(there)
    settings.WEBHOOK_KEYS = ["a new one", *settings.WEBHOOK_KEYS]
    an_order(client=there.client)
    rounds()
    assert shop.received[0].is_signed_with(old)
    assert shop.received[0].is_signed_with(secret_of(there))


def test_senders_share_the_work_and_none_sends_what_another_does(shop: Receiver) -> None:
    there = endpoint(shop)
    orders = [an_order_in(Status.IN_REVIEW, client=there.client) for _ in range(20)]
    rounds(30, Sender(), Sender(), Sender())
    assert len(shop.received) == len({call.id for call in shop.received}) == 40
    assert all(seqs(shop, order) == [1, 2] for order in orders)


def test_a_slow_endpoint_keeps_no_other_waiting(shop: Receiver, measured: Callable[[str], None]) -> None:
    slow, quick = endpoint(shop, "/slow"), endpoint(shop, "/quick")
    for _ in range(10):
        an_order(client=slow.client)
    shop.answering = slowly
    orders = [an_order(client=quick.client) for _ in range(10)]
    began = time.monotonic()

    async def until_told() -> None:
        sender = Sender()
        while len(shop.at("/quick")) < len(orders):
            await sender.run_once()
        measured(f"Ten webhooks beside an endpoint that takes 2 s: told after {time.monotonic() - began:.2f} s")
        await sender.finish()

    asyncio.run(until_told())
    assert len(shop.at("/slow")) <= 4


def test_what_a_sender_could_not_write_down_it_writes_down_in_the_next_round(shop: Receiver) -> None:
    order = an_order(client=endpoint(shop).client)

    async def run() -> None:
        sender = Sender()
        claimed = await sender.claim(MAX_CONCURRENT_CALLS)
        sender._unmarked = [await sender.process(delivery) for delivery in claimed]
        await sender.run_once()

    asyncio.run(run())
    assert order.deliveries.get().state == "sent"


def test_one_that_was_taken_over_is_not_put_off_by_who_had_it_before(shop: Receiver) -> None:
    from orders.services.notifications import sending

    order = an_order(client=endpoint(shop).client)
    shop.answering = lambda _: (500, b"")
    (slow,) = sending.claim_deliveries(1)
    due_now(order)
    (taken,) = sending.claim_deliveries(1)
    before = order.deliveries.get().available_at
    sending.record_attempts([sending.send(slow)])
    assert order.deliveries.get().available_at == before
    shop.answering = lambda _: (200, b"")
    sending.record_attempts([sending.send(taken)])
    assert (order.deliveries.get().state, order.deliveries.get().tries.count()) == ("sent", 2)


def test_mails_go_out_in_order_through_an_outage_and_wait_for_no_webhook(
    shop: Receiver, settings: Any, tmp_path: Path
) -> None:
    settings.MAILS = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    shop.answering = lambda _: (500, b"")
    order = an_order_in(Status.SHIPPED, client=endpoint(shop).client)
    mails = order.deliveries.filter(channel="mail").order_by("seq")
    rounds(3)
    assert [(row.state, row.attempts) for row in mails.all()] == [("pending", 1), ("pending", 1)]
    assert mails[0].last_error == "The mail was not taken: ConnectionRefusedError."
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    due_now(order)
    rounds(3)
    assert [(row.template, row.state) for row in mails.all()] == [("received", "sent"), ("shipped", "sent")]
    first, second = (row.sent_at for row in mails.all())
    assert first
    assert second
    assert first < second
    # Mails of the same second may share a file.
    assert "".join(file.read_text() for file in tmp_path.iterdir()).count("\nMessage-ID: ") == 2
