"""The payment gateways that a soak can run with: how each is started, made to fail, and how its books are read."""

import contextlib
import json
import random
import urllib.request
from pathlib import Path
from typing import Any

from stack.ports import HOST
from tests.doubles.stripe.webhooks import Mode
from tests.faults.books import Books, read, read_stripe
from tests.faults.interfaces import WEBHOOK_SECRETS

STRIPE_SECRET = "whsec_a5ecret0fStripe5double"
# Each token of the simulated gateway, and what Stripe has for it; others are paid with `VISA`.
VISA = "pm_card_visa"
METHODS = {
    "tok_declined": "pm_card_chargeDeclined",
    "tok_refund_refused": "pm_card_createDispute",  # what is disputed cannot be refunded
}
CONFIRM, REFUND, ANY = "/confirm", "POST /v1/refunds", "/v1/"
# What befalls the next calls, where a token is not about a card but about the gateway. Slow is longer than the timeout.
BEFALLS: dict[str, list[dict[str, Any]]] = {
    "tok_lost_response": [{"kind": "lose_answer", "path_part": path} for path in (CONFIRM, REFUND)],
    "tok_slow": [{"kind": "slow", "path_part": path, "seconds": 3} for path in (CONFIRM, REFUND)],
    "tok_flaky": [
        {"kind": "fail", "path_part": CONFIRM, "status": 500},
        {"kind": "fail", "path_part": REFUND, "status": 500},
        {"kind": "lose_answer", "path_part": "POST /v1/payment_intents"},
    ],
}
FOR_EVER = 1_000_000


class SimulatedGateway:
    """The simulated gateway over HTTP, `manage.py run_simulated_gateway`."""

    name = "simulated_http"

    def __init__(self, ledgers: Path, port: int, web_url: str) -> None:
        self.ledgers, self.port, self.web_url = ledgers, port, web_url

    def arguments(self) -> list[str]:
        return ["manage.py", "run_simulated_gateway", "--port", str(self.port)]

    def settings(self, url: str) -> dict[str, str]:
        """What the product's processes are told; `url` is where they reach the gateway."""
        return {"PAYMENT_GATEWAY": self.name, "PAYMENT_GATEWAY_URL": url, "WEBHOOK_SECRETS": WEBHOOK_SECRETS}

    def books(self) -> Books:
        return read(self.ledgers / "payments.jsonl")

    def method(self, token: str) -> str:
        """What an order is paid with that is planned with this token."""
        return token

    def befall(self, token: str) -> None:
        """Let the gateway misbehave as the token says; the simulated one does so by itself."""

    def begin_outage(self) -> None:
        """While this file stands, outage tokens, and the carrier's outage levels, fail."""
        (self.ledgers / "outage").touch()

    def end_outage(self) -> None:
        (self.ledgers / "outage").unlink(missing_ok=True)

    def sends_webhooks(self, chance: random.Random) -> bool:
        """Whether the gateway itself sends webhooks; then it does so from now on in a way that chance decides."""
        del chance
        return False


class StripeGateway(SimulatedGateway):
    """The stateful double of Stripe; the carriers beside it are the simulated ones."""

    name = "stripe"

    def arguments(self) -> list[str]:
        books, webhooks = str(self.ledgers / "stripe.jsonl"), f"{self.web_url}/webhooks/payments/stripe"
        double = ["-m", "tests.doubles.stripe", "--port", str(self.port), "--books", books]
        return [*double, "--webhook-url", webhooks, "--webhook-secret", STRIPE_SECRET]

    def settings(self, url: str) -> dict[str, str]:
        return {
            "PAYMENT_GATEWAY": self.name,
            "STRIPE_API_KEY": "rk_test_double",
            "STRIPE_API_BASE": url,
            "WEBHOOK_SECRETS": f"{WEBHOOK_SECRETS},payments/stripe={STRIPE_SECRET}",
        }

    def books(self) -> Books:
        return read_stripe(self.ledgers / "stripe.jsonl")

    def method(self, token: str) -> str:
        return METHODS.get(token, VISA)

    def befall(self, token: str) -> None:
        for fault in BEFALLS.get(token, []):
            self._control("POST", "faults", fault)

    def begin_outage(self) -> None:
        super().begin_outage()
        self._control("POST", "faults", {"kind": "fail", "path_part": ANY, "status": 503, "times": FOR_EVER})

    def end_outage(self) -> None:
        super().end_outage()
        self._control("DELETE", "faults")

    def sends_webhooks(self, chance: random.Random) -> bool:
        self._control("POST", "webhooks", {"mode": chance.choice(list(Mode)), "release": True})
        return True

    def _control(self, method: str, name: str, asked: dict[str, Any] | None = None) -> None:
        """Tell the double, past the network that misbehaves; a double that is killed at this moment is not told."""
        request = urllib.request.Request(
            f"http://{HOST}:{self.port}/double/{name}", json.dumps(asked).encode() if asked else None, method=method
        )
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5):
            pass


GATEWAYS: dict[str, type[SimulatedGateway]] = {each.name: each for each in (SimulatedGateway, StripeGateway)}
