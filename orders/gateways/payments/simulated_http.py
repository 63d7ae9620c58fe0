"""A payment gateway reached over HTTP: the simulated one as a process of its own, behind a network.

A call is a POST of JSON. Anything but a well-formed response leaves the outcome unknown.
"""

import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import urllib3

from orders.errors import CaptureRefused, GatewayUnavailable, OrderError, PaymentRefused, RefundRefused
from orders.gateways.payments.protocol import (
    Checkout,
    CheckoutRequest,
    CheckoutState,
    GatewayPayment,
    PaymentRequest,
    PaymentResult,
)
from orders.gateways.payments.simulated import CAPABILITIES
from orders.gateways.payments.simulated_entries import checkout_entry, checkout_request_of
from orders.gateways.payments.simulated_tokens import DEFAULT_METHOD, METHODS

OK, REFUSED = 200, 422
REFUSALS: dict[str, type[OrderError]] = {error.code: error for error in (CaptureRefused, RefundRefused)}
# As many connections are kept as a worker has threads.
KEPT_CONNECTIONS = 32


class SimulatedHttpPayments:
    """Client of `manage.py run_simulated_gateway`; see `PaymentGateway`."""

    name = "simulated_http"
    default_method = DEFAULT_METHOD
    capabilities = CAPABILITIES

    def __init__(self, url: str, *, timeout: float, base_url: str = "") -> None:
        """`url` has no path; `timeout`, in seconds, applies to connecting and to each read.

        `base_url` is where the checkout page is served.
        """
        self._url, self._base_url = url.rstrip("/"), base_url
        # No retries here: the activity retries, under the same key.
        self._pool = urllib3.PoolManager(
            maxsize=KEPT_CONNECTIONS, timeout=urllib3.Timeout(total=timeout), retries=False
        )

    def supports(self, method: str) -> bool:
        return method in METHODS

    def create(self, request: PaymentRequest, *, capture: bool) -> str:
        """Never called: `creates_first` is false."""
        raise NotImplementedError

    def purchase(self, request: PaymentRequest) -> GatewayPayment:
        return _payment(self._post("purchase", request))

    def authorise(self, request: PaymentRequest) -> GatewayPayment:
        return _payment(self._post("authorise", request))

    def capture(self, request: PaymentRequest, *, key: str, amount: int) -> GatewayPayment:
        return _payment(self._post("capture", request, key=key, amount=amount))

    def void(self, request: PaymentRequest) -> GatewayPayment:
        return _payment(self._post("void", request))

    def refund(self, request: PaymentRequest, *, key: str, amount: int) -> str:
        return str(self._post("refund", request, key=key, amount=amount))

    def look_up(self, request: PaymentRequest) -> GatewayPayment | None:
        found = self._post("look_up", request)
        return _payment(found) if found else None

    def payments_since(self, moment: datetime) -> Iterator[GatewayPayment]:
        yield from map(_payment, self._call("payments_since", {"moment": moment.isoformat()}))

    def open_checkout(self, request: CheckoutRequest) -> Checkout:
        return self._checkout(self._call("open_checkout", {"request": checkout_entry(request)}))

    def look_up_checkout(self, reference: str) -> Checkout | None:
        found = self._call("look_up_checkout", {"reference": reference})
        return self._checkout(found) if found else None

    def close_checkout(self, reference: str) -> Checkout:
        return self._checkout(self._call("close_checkout", {"reference": reference}))

    def checkout_request(self, reference: str) -> CheckoutRequest | None:
        found = self._call("checkout_request", {"reference": reference})
        return checkout_request_of(found) if found else None

    def pay_checkout(self, reference: str, method: str, *, confirmed: bool | None = None) -> GatewayPayment:
        """See `PageGateway.pay_checkout`."""
        asked = {"reference": reference, "method": method, "confirmed": confirmed}
        payment = _payment(self._call("pay_checkout", asked))
        return dataclasses.replace(payment, action_url=self._absolute(payment.action_url))

    def _checkout(self, found: dict[str, Any]) -> Checkout:
        checkout = Checkout(**{**found, "state": CheckoutState(found["state"])})
        return dataclasses.replace(checkout, url=self._absolute(checkout.url))

    def _absolute(self, path: str) -> str:
        """The server does not know where the page is served."""
        return path and self._base_url + path

    def _post(self, call: str, request: PaymentRequest, **more: str | int) -> Any:
        return self._call(call, {"request": dataclasses.asdict(request), **more})

    def _call(self, call: str, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._pool.request("POST", f"{self._url}/{call}", body=json.dumps(body), headers=headers)
            found = json.loads(answer.data)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise GatewayUnavailable(f"The payment gateway gave no answer ({type(error).__name__}).") from error
        if answer.status == REFUSED:
            raise _refusal(found)
        if answer.status != OK:
            raise GatewayUnavailable(f"The payment gateway answered {answer.status}.")
        return found


def _refusal(found: dict[str, Any]) -> OrderError:
    if found["code"] == PaymentRefused.code:
        return PaymentRefused(found["message"], reason=found["reason"])
    return REFUSALS[found["code"]](found["message"])


def _payment(found: dict[str, Any]) -> GatewayPayment:
    until = found["authorised_until"]
    return GatewayPayment(
        **{
            **found,
            "result": PaymentResult(found["result"]),
            "authorised_until": datetime.fromisoformat(until) if until else None,
        }
    )
