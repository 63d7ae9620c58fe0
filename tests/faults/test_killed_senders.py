"""A sender that is killed between a call and its record: the message comes again at most, and is never lost."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable

from orders.models import ApiClient, Delivery, WebhookEndpoint
from tests.conftest import TIMEOUT_SECONDS, eventually, unique
from tests.factories import an_order
from tests.faults.conftest import World
from tests.receiver import Received, Receiver, receiver


def answered_by_half(killed: threading.Event) -> Callable[[Received], tuple[int, bytes]]:
    """Every second endpoint keeps its callers waiting until they were killed."""

    def answer(call: Received) -> tuple[int, bytes]:
        if int(call.path[1:]) % 2:
            killed.wait(TIMEOUT_SECONDS)
        return 200, b""

    return answer


def all_sent() -> bool:
    rows = Delivery.objects.filter(channel="webhook")
    return rows.exists() and not rows.exclude(state="sent").exists()


def seqs_by_order(shop: Receiver) -> dict[str, list[int]]:
    found = defaultdict(list)
    for call in shop.received:
        found[call.content["order_id"]].append(call.content["seq"])
    return found


def test_what_a_killed_sender_had_sent_comes_at_most_again_and_nothing_is_lost(
    world: World, measured: Callable[[str], None]
) -> None:
    world.settings |= {"WEBHOOK_ALLOW_PRIVATE": "true", "MANUAL_REVIEW_TIMEOUT": "3600"}
    with receiver() as shop:
        killing = threading.Event()
        shop.answering = answered_by_half(killing)
        client = ApiClient.objects.create(name=f"shop {unique()}")
        # Ten, because one endpoint is called four times at once.
        for number in range(10):
            WebhookEndpoint.objects.create(client=client, url=f"{shop.url}/{number}")
        worker = world.start_order_worker()
        for _ in range(8):
            an_order(client=client)
        eventually(lambda: len(shop.received) >= 20)
        worker.kill()
        killing.set()
        killed, at_once = time.monotonic(), len(shop.received)
        world.start_order_worker()
        eventually(all_sent)
        ids = [call.id for call in shop.received]
        again = len(ids) - len(set(ids))
        measured(
            f"A sender killed after {at_once} calls: all sent {time.monotonic() - killed:.1f} s later, {again} twice"
        )
    assert set(ids) == {str(pk) for pk in Delivery.objects.values_list("pk", flat=True)}
    assert 0 < again <= 64

    assert all(in_order(shop, order_id) for order_id in seqs_by_order(shop))


def in_order(shop: Receiver, order_id: str) -> bool:
    """At each endpoint nothing came before what goes before it."""
    for path in {call.path for call in shop.received}:
        seqs = [call.content["seq"] for call in shop.at(path) if call.content["order_id"] == order_id]
        if seqs != sorted(seqs):
            return False
    return True
