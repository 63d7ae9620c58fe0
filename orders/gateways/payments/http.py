"""A payment gateway reached over HTTP: the simulated one as a process of its own, behind a network.

A call is a POST of JSON with its idempotency key. Anything but a well-formed response leaves the outcome unknown.
"""

import json
from typing import Any

import urllib3

from orders.errors import GatewayUnavailable, RefundRefused
from orders.gateways.payments.protocol import Charge, ChargeResult
from orders.gateways.payments.simulated import DEFAULT_METHOD, METHODS

OK, REFUSED = 200, 422
# As many connections are kept as a worker has threads.
KEPT_CONNECTIONS = 32


class HttpPayments:
    """Client of `manage.py run_simulated_gateway`; see `PaymentGateway`."""

    name = "simulated_http"
    default_method = DEFAULT_METHOD

    def __init__(self, url: str, *, timeout: float) -> None:
        """`url` has no path; `timeout`, in seconds, applies to connecting and to each read."""
        self._url = url.rstrip("/")
        # No retries here: the activity retries, under the same key.
        self._pool = urllib3.PoolManager(
            maxsize=KEPT_CONNECTIONS, timeout=urllib3.Timeout(total=timeout), retries=False
        )

    def supports(self, method: str) -> bool:
        return method in METHODS

    def capture(self, *, key: str, order_id: str, amount: int, currency: str, method: str) -> Charge:
        body = {"order_id": order_id, "amount": amount, "currency": currency, "method": method}
        return _charge(self._post("captures", key, body))

    def cancel(self, *, key: str, order_id: str) -> Charge:
        return _charge(self._post("cancellations", key, {"order_id": order_id}))

    def refund(self, *, key: str, order_id: str, reference: str, amount: int, currency: str) -> str:
        body = {"order_id": order_id, "reference": reference, "amount": amount, "currency": currency}
        return str(self._post("refunds", key, body)["reference"])

    def _post(self, what: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        try:
            answer = self._pool.request("POST", f"{self._url}/{what}", body=json.dumps(body), headers=headers)
            found: dict[str, Any] = json.loads(answer.data)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise GatewayUnavailable(f"The payment gateway gave no answer ({type(error).__name__}).") from error
        if answer.status == REFUSED:
            raise RefundRefused(found["message"])
        if answer.status != OK:
            raise GatewayUnavailable(f"The payment gateway answered {answer.status}.")
        return found


def _charge(answer: dict[str, Any]) -> Charge:
    return Charge(ChargeResult(answer["result"]), answer["reference"], answer["reason"])
