"""The simulated payment gateway as an HTTP server, so that a network lies between it and its clients."""

import dataclasses
import json
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from orders.errors import CaptureRefused, GatewayUnavailable, PaymentRefused, RefundRefused
from orders.gateways.payments.protocol import Checkout, CheckoutRequest, GatewayPayment, PaymentRequest
from orders.gateways.payments.simulated import SimulatedPayments
from orders.gateways.payments.simulated_entries import checkout_entry, checkout_request_of

CALLS = ("purchase", "authorise", "capture", "void", "refund", "look_up")
CHECKOUT_CALLS = ("look_up_checkout", "close_checkout", "checkout_request", "pay_checkout")


class GatewayServer(ThreadingHTTPServer):
    """Serves the calls of `PaymentGateway`, each as a POST to its name."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], payments: SimulatedPayments) -> None:
        """Listens at once; `payments` keeps the ledger and simulates the failures."""
        super().__init__(address, _Handler)
        self.calls: dict[str, Callable[..., Any]] = {f"/{name}": _of_payment(getattr(payments, name)) for name in CALLS}
        self.calls |= {f"/{name}": getattr(payments, name) for name in CHECKOUT_CALLS}
        self.calls["/open_checkout"] = lambda request: payments.open_checkout(checkout_request_of(request))
        self.calls["/payments_since"] = lambda moment: list(payments.payments_since(datetime.fromisoformat(moment)))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has disconnected is not an error; the result is in the ledger."""
        del request, client_address


def _of_payment(call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda request, **more: call(PaymentRequest(**request), **more)


class _Handler(BaseHTTPRequestHandler):
    server: GatewayServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together

    def do_POST(self) -> None:
        """Carry out one call; the client may have disconnected by the time it is done."""
        asked, call = self.rfile.read(int(self.headers.get("Content-Length", 0))), self.server.calls.get(self.path)
        if call is None:
            self._answer(HTTPStatus.NOT_FOUND, {"message": "There is no such call."})
            return
        try:
            self._answer(HTTPStatus.OK, call(**json.loads(asked)))
        except (CaptureRefused, PaymentRefused, RefundRefused) as refusal:
            self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, {**vars(refusal), "code": refusal.code})
        except GatewayUnavailable as outage:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"message": outage.message})
        except (KeyError, TypeError, ValueError):
            self._answer(HTTPStatus.BAD_REQUEST, {"message": "The call cannot be read."})

    def _answer(self, status: HTTPStatus, body: object) -> None:
        content = json.dumps(body, default=_as_json).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """The ledger is the log."""


def _as_json(value: object) -> object:
    if isinstance(value, CheckoutRequest):
        return checkout_entry(value)
    if isinstance(value, Checkout | GatewayPayment):
        return dataclasses.asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
