"""The double as tests use it."""

import copy
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.doubles.stripe import charging, checkout, disputes, refunds
from tests.doubles.stripe.account import Account, public
from tests.doubles.stripe.api import Api, Request
from tests.doubles.stripe.clock import Clock
from tests.doubles.stripe.errors import Json
from tests.doubles.stripe.faults import Faults
from tests.doubles.stripe.server import HOST, DoubleServer
from tests.doubles.stripe.webhooks import Webhooks

WEBHOOK_SECRET = "whsec_double"
DUE = {
    "payment_intent": charging.pass_deadline,
    "refund": refunds.pass_deadline,
    "checkout.session": checkout.pass_deadline,
}


class StripeDouble:
    """A server that behaves as Stripe's API, on a port of its own, for as long as the `with` block runs.

    With `books`, what moved money is appended to that file before it is answered, and a later double with the same
    file goes on where this one stood.
    """

    def __init__(
        self, *, port: int = 0, books: Path | None = None, webhook_url: str = "", webhook_secret: str = WEBHOOK_SECRET
    ) -> None:
        self.clock = Clock()
        self.account: Account = Account(self.clock, DUE, books)
        self.clock.on_advance = self._pass_time
        self.faults: Faults = Faults()
        self.webhooks = Webhooks(self.account, webhook_url, webhook_secret)
        self.api = Api(self.account, self.faults, self.webhooks)
        self._server = DoubleServer(port, self)
        self.port = int(self._server.server_address[1])
        self.url = self.account.base_url = f"http://{HOST}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self.webhooks.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.disconnect()
        self._server.server_close()
        self._thread.join()
        self.webhooks.close()
        self.account.close()

    @property
    def requests(self) -> deque[Request]:
        """The latest calls of the API."""
        return self.api.requests

    def books(self) -> list[Json]:
        """What moved money, oldest first."""
        return list(self.account.books)

    def intents(self) -> list[Json]:
        """Every PaymentIntent as it is now, newest first."""
        with self.account.changing():
            return [copy.deepcopy(public(intent)) for intent in self.account.every("payment_intent")]

    def dispute(self, payment_intent: str, *, reason: str = "fraudulent") -> Json:
        """Let the customer dispute the payment at the bank."""
        with self.account.changing():
            intent = self.account.find("payment_intent", payment_intent)
            return public(disputes.open_dispute(self.account, intent, reason=reason))

    def close_dispute(self, dispute: str, *, won: bool) -> Json:
        with self.account.changing():
            return public(disputes.finish(self.account, self.account.find("dispute", dispute), won=won))

    def refund_elsewhere(self, payment_intent: str, amount: int | None = None) -> Json:
        """Refund in the dashboard: without metadata, reason and idempotency key."""
        with self.account.changing():
            intent = self.account.find("payment_intent", payment_intent)
            charge = self.account.find("charge", intent["latest_charge"] or "")
            return public(refunds.refund(self.account, charge, amount))

    def settle(self, payment_intent: str) -> Json:
        """Let the bank answer at once to a payment that is processing."""
        with self.account.changing():
            intent = self.account.find("payment_intent", payment_intent)
            charging.settle(self.account, intent)
            return public(intent)

    @contextmanager
    def locked(self, identifier: str) -> Iterator[None]:
        """Hold the lock of an object, as another request would."""
        with self.api.locks.hold(identifier):
            yield

    def _pass_time(self) -> None:
        with self.account.changing():
            """What is due happens at the beginning."""
