"""The simulated payment gateway as an HTTP server, so that a network lies between it and its clients."""

import dataclasses
import json
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from orders.errors import GatewayUnavailable, RefundRefused
from orders.gateways.payments.simulated import SimulatedPayments

Answer = dict[str, Any]


class GatewayServer(ThreadingHTTPServer):
    """Serves `POST /captures`, `/cancellations` and `/refunds`, each with its `Idempotency-Key`."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], payments: SimulatedPayments) -> None:
        """Listens at once; `payments` keeps the ledger and simulates the failures."""
        super().__init__(address, _Handler)
        self.calls: dict[str, Callable[..., Answer]] = {
            "/captures": lambda **call: dataclasses.asdict(payments.capture(**call)),
            "/cancellations": lambda **call: dataclasses.asdict(payments.cancel(**call)),
            "/refunds": lambda **call: {"reference": payments.refund(**call)},
        }

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has disconnected is not an error; the result is in the ledger."""
        del request, client_address


class _Handler(BaseHTTPRequestHandler):
    server: GatewayServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together

    def do_POST(self) -> None:
        """Carry out one call; the client may have disconnected by the time it is done."""
        length = int(self.headers.get("Content-Length", 0))
        asked, key = self.rfile.read(length), self.headers.get("Idempotency-Key", "")
        call = self.server.calls.get(self.path)
        if call is None or not key:
            self._answer(HTTPStatus.NOT_FOUND, {"message": "There is no such call, or it has no key."})
            return
        try:
            self._answer(HTTPStatus.OK, call(key=key, **json.loads(asked)))
        except RefundRefused as refusal:
            self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"message": refusal.message})
        except GatewayUnavailable as outage:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"message": outage.message})
        except (TypeError, ValueError):
            self._answer(HTTPStatus.BAD_REQUEST, {"message": "The call cannot be read."})

    def _answer(self, status: HTTPStatus, body: Answer) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """The ledger is the log."""
