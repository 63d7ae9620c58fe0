"""Each payment gateway with its other side: what stands in its books, and how its answers are lost."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from urllib3 import Timeout

from orders.errors import PaymentRefused
from orders.gateways.payments.checkout_page import PageGateway
from orders.gateways.payments.configured import gateway_named
from orders.gateways.payments.protocol import Checkout, CheckoutRequest, PaymentGateway, PaymentRequest
from orders.gateways.payments.simulated import SimulatedPayments
from orders.gateways.payments.simulated_http import SimulatedHttpPayments
from orders.gateways.payments.simulated_server import GatewayServer
from orders.gateways.payments.stripe_amounts import to_stripe
from orders.gateways.payments.stripe_gateway import StripePayments
from orders.models import Order
from stack.ports import HOST
from tests.conftest import TIMEOUT_SECONDS, unique
from tests.doubles.shop import client_of, visit
from tests.doubles.stripe import StripeDouble
from tests.faults.proxy import Mode, Proxy

# What a call takes that gets no answer; any other is waited for.
TIMEOUT = 0.5
# The kinds of entries that move no money.
SILENT = ("decline", "cancel", "create", "checkout", "checkout_closed")
PUBLIC_URL = "http://127.0.0.1:8000"
ORDER_ID = "01a22000-0000-7000-8000-000000000001"
Booked = list[tuple[str, int]]


class Clock:
    """Real time plus what has passed."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.passed


class GatewayWorld:
    """A gateway, the methods that it knows, and its books: (kind, amount in the gateway's units)."""

    ok, declined, lapsed = "tok_ok", "tok_declined", "tok_lapsed"
    asks_for_confirmation = "tok_3ds"
    gateway: PaymentGateway

    def booked(self) -> Booked:
        """What moved money or promised some."""
        raise NotImplementedError

    def answer_lost(self, call: str) -> AbstractContextManager[object]:
        """For the first `call` in the block: it takes effect, and its answer never arrives."""
        raise NotImplementedError

    def pass_time(self, time: timedelta) -> None:
        """For the gateway, not for us."""
        raise NotImplementedError

    def pay(self, checkout: Checkout, method: str = "") -> None:
        """The customer pays on the page with this method, as far as the page allows; nobody follows where it leads."""
        raise NotImplementedError

    def confirm(self, checkout: Checkout, *, confirmed: bool) -> None:
        """The customer answers the bank's question about what they have paid with."""
        raise NotImplementedError

    def in_units(self, amount: int, currency: str) -> int:
        """Minor units as the gateway counts them."""
        del currency
        return amount

    def request(self, amount: int = 1990, currency: str = "USD", method: str = "") -> PaymentRequest:
        """A payment that the gateway has never heard of."""
        return PaymentRequest(
            key=unique(), order_id=ORDER_ID, amount=amount, currency=currency, method=method or self.ok
        )

    def checkout_request(
        self, amount: int = 1990, currency: str = "USD", *, capture: bool = True, hours: float = 2
    ) -> CheckoutRequest:
        return CheckoutRequest(
            key=unique(),
            order_id=ORDER_ID,
            amount=amount,
            currency=currency,
            capture=capture,
            description="Order ABC-DEF-GHJ",
            email="jane@example.com",
            return_url=f"{PUBLIC_URL}/track/ABC-DEF-GHJ/?paid=1",
            cancel_url=f"{PUBLIC_URL}/track/ABC-DEF-GHJ/",
            expires_at=datetime.now(UTC) + timedelta(hours=hours),
        )

    def created(self, request: PaymentRequest, *, capture: bool) -> PaymentRequest:
        """The same with its reference, where the gateway creates payments first."""
        if not self.gateway.capabilities.creates_first:
            return request
        return replace(request, reference=self.gateway.create(request, capture=capture))

    def purchased(self, amount: int = 1990, currency: str = "USD") -> PaymentRequest:
        request = self.created(self.request(amount, currency), capture=True)
        self.gateway.purchase(request)
        return request

    def authorised(self, amount: int = 1990, currency: str = "USD", method: str = "") -> PaymentRequest:
        request = self.created(self.request(amount, currency, method), capture=False)
        self.gateway.authorise(request)
        return request


class Simulated(GatewayWorld):
    """In the process itself: only a token can lose its answer."""

    page: PageGateway

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.gateway = self.page = SimulatedPayments(directory, timeout=TIMEOUT, base_url=PUBLIC_URL, now=clock)
        self._books, self._clock = directory / "payments.jsonl", clock

    def pass_time(self, time: timedelta) -> None:
        self._clock.passed += time

    def pay(self, checkout: Checkout, method: str = "") -> None:
        with suppress(PaymentRefused):
            self.page.pay_checkout(checkout.reference, method or self.ok)

    def confirm(self, checkout: Checkout, *, confirmed: bool) -> None:
        with suppress(PaymentRefused):
            self.page.pay_checkout(checkout.reference, self.asks_for_confirmation, confirmed=confirmed)

    def booked(self) -> Booked:
        lines = self._books.read_text().splitlines() if self._books.exists() else []
        entries = [json.loads(line) for line in lines]
        return [(entry["kind"], entry.get("amount", 0)) for entry in entries if entry["kind"] not in SILENT]


@contextmanager
def impatient(gateway: SimulatedHttpPayments) -> Iterator[None]:
    """It waits no longer than TIMEOUT for an answer until the end of the block."""
    defaults = gateway._pool.connection_pool_kw
    patient, defaults["timeout"] = defaults["timeout"], Timeout(total=TIMEOUT)
    gateway._pool.clear()
    yield
    defaults["timeout"] = patient
    gateway._pool.clear()


class SimulatedOverHttp(Simulated):
    """With a network between, which loses answers."""

    def __init__(self, directory: Path, clock: Clock, port: int) -> None:
        super().__init__(directory, clock)
        self.proxy = Proxy(port)
        url = f"http://{HOST}:{self.proxy.port}"
        self.over_http = SimulatedHttpPayments(url, timeout=TIMEOUT_SECONDS, base_url=PUBLIC_URL)
        self.gateway = self.page = self.over_http

    @contextmanager
    def answer_lost(self, call: str) -> Iterator[None]:
        del call
        self.proxy.mode = Mode.DROP_ANSWERS
        with impatient(self.over_http):
            yield
        self.proxy.mode = Mode.PASS
        self.proxy.reset()


class Stripe(GatewayWorld):
    """Our client of Stripe, with a double of Stripe behind it."""

    ok, declined, lapsed = "pm_card_visa", "pm_card_visa_chargeDeclined", "pm_card_visa"
    asks_for_confirmation = "pm_card_threeDSecure2Required"
    PATHS = {
        "create": "POST /v1/payment_intents",
        "purchase": "/confirm",
        "authorise": "/confirm",
        "capture": "/capture",
        "void": "/cancel",
        "refund": "POST /v1/refunds",
        "open_checkout": "POST /v1/checkout/sessions",
        "close_checkout": "/expire",
    }

    def __init__(self, double: StripeDouble) -> None:
        self.double, self.api_base, self.api, self._bank_url = double, double.url, client_of(double), ""
        self.gateway = StripePayments("rk_test_double", timeout=60, api_base=double.url)

    def booked(self) -> Booked:
        entries = self.double.books()
        return [(entry["kind"], entry["amount"]) for entry in entries if entry["kind"] not in SILENT]

    def answer_lost(self, call: str) -> AbstractContextManager[object]:
        self.double.faults.lose_answer(self.PATHS[call])
        return nullcontext()

    def pass_time(self, time: timedelta) -> None:
        self.double.clock.advance(hours=time / timedelta(hours=1))

    def pay(self, checkout: Checkout, method: str = "") -> None:
        self._bank_url = visit(checkout.url, payment_method=method or self.ok).location

    def confirm(self, checkout: Checkout, *, confirmed: bool) -> None:
        del checkout
        visit(self._bank_url, result="complete" if confirmed else "fail")

    def in_units(self, amount: int, currency: str) -> int:
        return to_stripe(amount, currency)


@contextmanager
def simulated_server(directory: Path, now: Callable[[], datetime] | None = None) -> Iterator[int]:
    """The port of the simulated gateway's server."""
    payments = SimulatedPayments(directory, timeout=TIMEOUT, now=now or Clock())
    with GatewayServer((HOST, 0), payments) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def world(name: str, directory: Path) -> Iterator[GatewayWorld]:
    """The world of the gateway of this name, for as long as the block runs."""
    if name == SimulatedPayments.name:
        yield Simulated(directory, Clock())
    elif name == SimulatedHttpPayments.name:
        clock = Clock()
        with simulated_server(directory, clock) as port:
            over_http = SimulatedOverHttp(directory, clock, port)
            yield over_http
            over_http.proxy.close()
    else:
        with StripeDouble() as double:
            yield Stripe(double)


@contextmanager
def paying_with_stripe(double: StripeDouble) -> Iterator[dict[str, str]]:
    """This process charges with Stripe for as long as the block runs; yields the settings for other processes."""
    stripe = {"PAYMENT_GATEWAY": "stripe", "STRIPE_API_KEY": "rk_test_double", "STRIPE_API_BASE": double.url}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stripe.items():
            patch.setattr(settings, name, value)
        # Whatever the machine is busy with, the double answers; how long workers wait for it is their own setting.
        patch.setattr(settings, "GATEWAY_TIMEOUT", TIMEOUT_SECONDS)
        gateway_named.cache_clear()
        yield stripe
    gateway_named.cache_clear()


def booked(double: StripeDouble, order: Order) -> Booked:
    """What moved money of this order, in Stripe's books."""
    mine = [entry for entry in double.books() if entry["metadata"].get("order_id") == str(order.pk)]
    return [(entry["kind"], entry["amount"]) for entry in mine if entry["kind"] in ("capture", "refund")]
