"""Shops that listen for webhooks during the soak, now and then badly; and what they were told in the end."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from orders.models import Delivery, WebhookEndpoint
from orders.services.notifications.webhook_endpoints import register_endpoint
from tests.factories import client_of_key
from tests.faults.interfaces import Shop
from tests.receiver import Received, receiver

# Of 256 deliveries so many are refused when they come first.
REFUSED_AT_FIRST = 12


@dataclass
class Listener:
    """What arrived: the ids, and the numbers of each order's events in the order in which each came first."""

    url: str
    ids: set[str] = field(default_factory=set)
    told: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    refused: set[str] = field(default_factory=set)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Received) -> tuple[int, bytes]:
        """Refuse some at first, take the rest."""
        with self._mutex:
            if int(request.id[-2:], 16) < REFUSED_AT_FIRST and request.id not in self.refused:
                self.refused.add(request.id)
                return 503, b"later"
            if request.id not in self.ids:
                self.ids.add(request.id)
                self.told[request.content["order_id"]].append(request.content["seq"])
            return 200, b"thanks"

    def listen_for(self, shops: list[Shop]) -> None:
        """Have the events of these shops' orders sent here."""
        for number, shop in enumerate(shops):
            client = client_of_key(shop.key)
            assert client is not None
            register_endpoint(client, f"{self.url}/{number}")

    def faults(self) -> list[str]:
        """What shops were not told, or told in another order than it happened."""
        endpoints = WebhookEndpoint.objects.filter(url__startswith=self.url)
        sent = Delivery.objects.filter(endpoint__in=endpoints).values_list("pk", "state")
        return [
            *(f"I9 delivery {pk} is {state}, not sent" for pk, state in sent if state != Delivery.State.SENT),
            *(f"I9 delivery {pk} never came" for pk, _ in sent if str(pk) not in self.ids),
            *(f"I9 the events of {order} came as {told}" for order, told in self.told.items() if told != sorted(told)),
        ]


@contextmanager
def listener() -> Iterator[Listener]:
    """A server for as long as the block runs."""
    with receiver() as server:
        it = Listener(server.url)
        server.answering = it.answer
        server.received = _Forgetful()
        yield it


class _Forgetful(list[Received]):
    """What arrived is counted above; its bodies need not be kept."""

    def append(self, request: Received, /) -> None:
        """Forget it."""
