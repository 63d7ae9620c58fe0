"""localstripe, another double of Stripe, which others have written, as a process beside ours.

It is licensed under the GPL: nothing here imports it.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import stripe

from orders.gateways.payments.stripe_gateway import StripePayments
from stack.ports import HOST, free_port
from tests.conftest import Served, answers, eventually

T = TypeVar("T")
# By itself it would listen on all interfaces, and keep what it knows in a file in /tmp.
SERVE = """
import sys
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda store: None
server.app.router.add_get("/_config/ready", lambda request: web.Response())
web.run_app(server.app, host=sys.argv[1], port=int(sys.argv[2]))
"""
KEY = "sk_test_double"
# The last version with `payment_method_types`; today it is `allowed_payment_method_types`, which localstripe refuses.
VERSION = "2025-03-31.basil"


class Both(NamedTuple):
    """The addresses of our double and of localstripe."""

    double: str
    localstripe: str

    def say(self, call: Callable[[stripe.StripeClient], T]) -> T:
        """What both answer to the same calls."""
        return self._agree(*(call(_client(url)) for url in self))

    def let_us(self, call: Callable[[StripePayments, stripe.StripeClient], T]) -> T:
        """The same with our gateway, beside the client that makes what our gateway is asked about."""
        return self._agree(*(call(StripePayments(KEY, timeout=10, api_base=url), _client(url)) for url in self))

    @staticmethod
    def _agree(ours: T, theirs: T) -> T:
        assert ours == theirs
        return ours


def _client(url: str) -> stripe.StripeClient:
    return stripe.StripeClient(KEY, base_addresses={"api": url}, stripe_version=VERSION, max_network_retries=0)


@contextmanager
def running_localstripe(directory: Path) -> Iterator[str]:
    """Its address, for as long as the block runs."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    served = Served([sys.executable, "-c", SERVE, HOST, str(port)], directory / "localstripe.log")
    try:
        eventually(lambda: answers(f"{url}/_config/ready") or served.process.poll() is not None, served.log.read_text)
        assert served.process.poll() is None, served.log.read_text()
        yield url
    finally:
        served.stop()
