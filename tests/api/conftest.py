"""A shop's key and what it does with it."""

import json
from typing import Any

import pytest
from django.test import Client

from orders.models import Order
from orders.services.staff.api_keys import create_api_key
from tests.conftest import unique

ORDER: dict[str, Any] = {
    "customer_name": "John Doe",
    "customer_email": "john@example.com",
    "items": [{"sku": "ABC123", "qty": 1, "price": 99.99}],
    "shipping_address": {"street": "123 Main St", "city": "Anytown", "state": "CA"},
}


class Shop:
    """One API client."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._client = Client(headers={"authorization": f"Bearer {key}"})

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.generic(
            method, path, content if body is not None else b"", content_type="application/json", headers=named
        )

    def post(self, path: str, body: object, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def place(self, **fields: object) -> Order:
        response = self.post("/orders", {**ORDER, **fields})
        assert response.status_code == 201, response.content
        return Order.objects.get(pk=response.json()["order_id"])


@pytest.fixture
def shop() -> Shop:
    """A shop that may read and write orders."""
    return Shop(create_api_key(f"shop {unique()}"))


@pytest.fixture
def another_shop() -> Shop:
    """A shop that has nothing to do with the first."""
    return Shop(create_api_key(f"shop {unique()}"))
