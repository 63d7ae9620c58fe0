"""A client of the REST API that uses the standard library only."""

import json
import urllib.error
import urllib.request
import uuid
from typing import Any, cast

Answer = dict[str, Any]
JOHN_DOE: Answer = {
    "customer_name": "John Doe",
    "customer_email": "john@example.com",
    "items": [{"sku": "ABC123", "qty": 1, "price": 99.99}],
    "shipping_address": {"street": "123 Main St", "city": "Anytown", "state": "CA"},
}


class ApiError(Exception):
    """The API refused the request or did not answer; then `status` is 0."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """A client of Orderlife's API with the API key `key`."""

    def __init__(self, base: str, key: str) -> None:
        self.base = base
        self.key = key

    def place(self, order: Answer | None = None) -> Answer:
        return self._ask("POST", "/orders", order or JOHN_DOE)

    def order(self, order_id: str) -> Answer:
        return self._ask("GET", f"/orders/{order_id}")

    def cancel(self, order_id: str, reason: str) -> Answer:
        return self._ask("POST", f"/orders/{order_id}/cancel", {"reason": reason})

    def change_address(self, order_id: str, address: dict[str, str]) -> Answer:
        return self._ask("PUT", f"/orders/{order_id}/shipping-address", address)

    def knows_us(self) -> bool:
        """Whether the API accepts the key."""
        try:
            self.order(str(uuid.UUID(int=0)))
        except ApiError as error:
            return error.status not in (401, 403)
        return True

    def curl(self) -> str:
        """A shell command that places an order."""
        return (
            f"curl -sS {self.base}/orders -H 'Authorization: Bearer {self.key}'"
            f" -H 'Content-Type: application/json' -d '{json.dumps(JOHN_DOE)}'"
        )

    def _ask(self, method: str, path: str, body: Answer | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if method != "GET":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return cast("Answer", json.load(response))
        except urllib.error.HTTPError as error:
            text = error.read(2000).decode(errors="replace")
            raise ApiError(error.code, f"{method} {path} answered {error.code}: {text}") from None
        except (OSError, ValueError) as error:
            raise ApiError(0, f"{method} {path} got no answer: {error}") from None


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False
