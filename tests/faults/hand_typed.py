"""Signals that somebody types by hand during the soak, with content that nobody should send."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass

from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.service import RPCError

from tests.hostile import SIGNALS

NAMES = ("hold", "release", "update_address", "cancel_order", "approve", "pick", "request_return", "no_such_signal")
# So many of the orders get one, or several; one in four goes to the workflow that ships the order.
TYPED = 0.25
OF_SHIPPING = 0.25
MAX_TYPED = 3
# What a person means by it is none of the soak's plans: of `cancel_order` only what is refused.
REFUSED_OF = {"cancel_order": ("NUL", "NUL in an object", "half of a surrogate pair", "nine hundred brackets")}


@dataclass(frozen=True)
class Typed:
    """A signal, so many seconds after the last thing that was done to its order."""

    after: float
    workflow: str
    name: str
    content: str


def typed_signals(chance: random.Random) -> list[Typed]:
    """What is typed to one order."""
    if chance.random() >= TYPED:
        return []
    return [_one(chance) for _ in range(chance.randint(1, MAX_TYPED))]


def _one(chance: random.Random) -> Typed:
    name = chance.choice(NAMES)
    content = chance.choice(REFUSED_OF.get(name, tuple(SIGNALS)))
    return Typed(chance.uniform(0, 4), "shipping" if chance.random() < OF_SHIPPING else "order", name, content)


class Keyboard:
    """Types the signals, and counts what Temporal said to them."""

    def __init__(self, address: str) -> None:
        self.said: Counter[str] = Counter()
        self._address = address

    def type(self, order: str, typed: Typed) -> None:
        """Send it once: where Temporal is away or the workflow is over, it is gone, as for whoever types."""
        try:
            asyncio.run(self._send(f"{typed.workflow}-{order}", typed))
        except (RPCError, RuntimeError) as error:
            self.said[type(error).__name__] += 1
        else:
            self.said["taken"] += 1

    async def _send(self, workflow: str, typed: Typed) -> None:
        payload = Payload(metadata={"encoding": b"json/plain"}, data=SIGNALS[typed.content])
        client = await Client.connect(self._address)
        await client.get_workflow_handle(workflow).signal(typed.name, RawValue(payload))
