"""Every route, with every kind of caller. A route that is added without a row here fails."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from orders.api import api
from orders.services.staff.api_keys import SCOPES, create_api_key, revoke_api_keys
from tests.api.conftest import ORDER, Shop
from tests.conftest import unique

ADDRESS = ORDER["shipping_address"]

# What each route needs: the scope, and a body that it takes. Where there is no scope, a signature opens it.
ROUTES: dict[tuple[str, str], tuple[str | None, Any]] = {
    ("POST", "/orders"): ("orders:write", ORDER),
    ("POST", "/orders/batch"): ("orders:write", {"orders": [{"idempotency_key": "k", "order": ORDER}]}),
    ("GET", "/orders"): ("orders:read", None),
    ("GET", "/orders/{order_id}"): ("orders:read", None),
    ("GET", "/orders/{order_id}/events"): ("orders:read", None),
    ("GET", "/orders/{order_id}/commands/{command_id}"): ("orders:read", None),
    ("POST", "/orders/{order_id}/cancel"): ("orders:write", {}),
    ("PUT", "/orders/{order_id}/shipping-address"): ("orders:write", ADDRESS),
    ("POST", "/orders/{order_id}/cancel-payment"): ("orders:write", {}),
    ("POST", "/orders/{order_id}/payments"): ("orders:write", {"payment_method": "tok_ok"}),
    ("POST", "/orders/{order_id}/bank-transfers"): (
        "payments:write",
        {"amount": "1.00", "received_on": "2026-11-01", "reference": "E2E-1"},
    ),
    ("POST", "/orders/{order_id}/payment-link"): ("orders:write", {}),
    ("POST", "/orders/{order_id}/refunds"): ("refunds:write", {"amount": "1.00"}),
    ("POST", "/orders/{order_id}/returns"): (
        "orders:write",
        {"items": [{"position": 1, "qty": 1}], "cause": "damaged"},
    ),
    ("POST", "/orders/{order_id}/returns/{return_id}/approve"): ("refunds:write", {}),
    ("POST", "/orders/{order_id}/returns/{return_id}/refuse"): ("refunds:write", {"reason": "It was worn."}),
    ("POST", "/orders/{order_id}/returns/{return_id}/receive"): ("fulfilment", {}),
    ("GET", "/fulfilment"): ("fulfilment", None),
    ("POST", "/orders/{order_id}/fulfilment"): ("fulfilment", {"step": "pick"}),
    ("POST", "/orders/{order_id}/shipments"): ("fulfilment", {"items": [{"position": 1, "qty": 1}]}),
    ("GET", "/webhook-endpoints"): ("webhooks", None),
    ("POST", "/webhook-endpoints"): ("webhooks", {"url": "https://127.0.0.1/hooks"}),
    ("DELETE", "/webhook-endpoints/{endpoint_id}"): ("webhooks", None),
    ("POST", "/webhook-endpoints/{endpoint_id}/secret"): ("webhooks", None),
    ("POST", "/webhooks/carriers/{carrier}"): (None, {"type": "parcel.delivered", "data": {"tracking_number": "X"}}),
    ("POST", "/webhooks/payments/{gateway}"): (None, {"type": "payment.updated", "data": {"idempotency_key": "X"}}),
}
KEYED = [(*route, scope, body) for route, (scope, body) in ROUTES.items() if scope]
OF_ONE_ORDER = [row for row in KEYED if "{order_id}" in row[1]]
# A warehouse fulfils the orders of every shop; all other routes show a client its own orders only.
OF_ONES_OWN = [row for row in OF_ONE_ORDER if row[2] != "fulfilment"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def path_of(route: str, order_id: object = None) -> str:
    others = {
        "command_id": uuid4(),
        "return_id": uuid4(),
        "endpoint_id": uuid4(),
        "carrier": "simulated",
        "gateway": "simulated",
    }
    return route.format(order_id=order_id or uuid4(), **others)


def test_every_route_has_its_row() -> None:
    paths = api.get_openapi_schema()["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == set(ROUTES)


@pytest.mark.parametrize(("method", "route", "scope", "body"), KEYED)
def test_without_a_key_or_with_one_that_is_unknown_or_revoked_it_answers_401(
    method: str, route: str, scope: str, body: Any
) -> None:
    name = f"shop {unique()}"
    revoked = create_api_key(name, [scope])
    revoke_api_keys(name)
    answers = [Shop(key).send(method, path_of(route), body) for key in ("", "nonsense", revoked)]
    answers.append(Client().generic(method, path_of(route)))
    assert [answer.status_code for answer in answers] == [401] * 4
    assert all(answer["WWW-Authenticate"].startswith("Bearer") for answer in answers)


@pytest.mark.parametrize(("method", "route", "scope", "body"), KEYED)
def test_with_every_scope_but_its_own_it_answers_403(method: str, route: str, scope: str, body: Any) -> None:
    others = [name for name in SCOPES if name != scope]
    answer = Shop(create_api_key(f"shop {unique()}", others)).send(method, path_of(route), body)
    assert (answer.status_code, answer.json()["type"]) == (403, "/docs/problems#forbidden")


@pytest.mark.parametrize(("method", "route", "scope", "body"), OF_ONES_OWN)
def test_of_another_clients_order_it_answers_404_as_of_one_that_is_not_there(
    shop: Shop, method: str, route: str, scope: str, body: Any
) -> None:
    stranger = Shop(create_api_key(f"shop {unique()}", [scope]))
    for order_id in (shop.place().pk, uuid4()):
        answer = stranger.send(method, path_of(route, order_id), body)
        assert (answer.status_code, answer.json()["type"]) == (404, "/docs/problems#order_not_found")


@pytest.mark.parametrize(("method", "route"), [row[:2] for row in OF_ONE_ORDER])
@pytest.mark.parametrize("order_id", ["nonsense", "%00", "..", "1", "é"])
def test_of_an_id_that_is_none_it_answers_404(method: str, route: str, order_id: str) -> None:
    answer = Shop(create_api_key(f"shop {unique()}", SCOPES)).send(
        method, route.format(order_id=order_id, command_id=uuid4(), return_id=uuid4()), ROUTES[method, route][1]
    )
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("route", sorted({route for _, route in ROUTES}))
def test_by_another_method_it_answers_405_and_names_its_own(shop: Shop, route: str) -> None:
    allowed = {method for method, path in ROUTES if path == route}
    for method in set(METHODS) - allowed:
        answer = shop.send(method, path_of(route))
        assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
        assert set(answer["Allow"].split(", ")) == allowed
