"""Whatever is sent to the API or asked of it: an answer, and no fault of ours."""

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

import pytest
from django.test import Client

from orders.api import api
from orders.services.staff.api_keys import SCOPES, create_api_key
from tests.api.conftest import ORDER, Shop
from tests.api.test_routes import ROUTES, path_of
from tests.conftest import unique
from tests.hostile import ENCODED, LONG, some

SPOILT: tuple[Any, ...] = (
    "\0",
    LONG,
    "0001-01-01",
    "9999-12-31T23:59:59-14:00",
    "zzz",
    10**30,
    -1,
    None,
    True,
    [],
    {},
    [[None]],
)
OTHERS = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/problems", "/nowhere")
UNKNOWN = ("x", "order_id", "limit")


@pytest.fixture(scope="module")
def anybody() -> Shop:
    """A client that may do everything."""
    shop = Shop(create_api_key(f"shop {unique()}", SCOPES))
    shop._client.raise_request_exception = False
    return shop


@cache
def schema() -> dict[str, Any]:
    return api.get_openapi_schema()


def asked(method: str, route: str) -> list[str]:
    """The route with each of its parameters at each value, and with some that it does not have."""
    operation = schema()["paths"][route][method.lower()]
    known = [it["name"] for it in operation.get("parameters", []) if it["in"] == "query"]
    return [f"{path_of(route)}?{name}={value}" for name, value in product([*known, *UNKNOWN], ENCODED)]


def spoilt(body: Any) -> Iterator[Any]:
    """The body with one value after the other spoilt, however deep."""
    for value in SPOILT:
        yield value
        for key in body if isinstance(body, dict) else ():
            yield {**body, key: value}
    for key, inner in body.items() if isinstance(body, dict) else ():
        content = inner[0] if isinstance(inner, list) else inner
        for other in spoilt(content) if isinstance(content, dict) else ():
            yield {**body, key: [other] if isinstance(inner, list) else other}


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_no_route_fails_over_what_it_is_asked(anybody: Shop, method: str, route: str) -> None:
    body = ROUTES[method, route][1]
    paths = some(asked(method, route), 10, route)
    assert [path[:200] for path in paths if anybody.send(method, path, body).status_code in (500, 501, 502)] == []


@pytest.mark.walk
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_no_route_fails_over_anything_it_is_asked(anybody: Shop, method: str, route: str) -> None:
    body = ROUTES[method, route][1]
    paths = asked(method, route)
    assert [path[:200] for path in paths if anybody.send(method, path, body).status_code in (500, 501, 502)] == []


@pytest.mark.parametrize(("method", "route"), [key for key, (_, body) in ROUTES.items() if body is not None])
def test_no_route_fails_over_what_it_is_sent(anybody: Shop, method: str, route: str) -> None:
    path = path_of(route, anybody.place().pk)
    bodies = some([*spoilt(ROUTES[method, route][1])], 14, route)
    assert [str(it)[:200] for it in bodies if anybody.send(method, path, it).status_code in (500, 501, 502)] == []


@pytest.mark.walk
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("method", "route"), [key for key, (_, body) in ROUTES.items() if body is not None])
def test_no_route_fails_over_anything_it_is_sent(anybody: Shop, method: str, route: str) -> None:
    path = path_of(route, anybody.place().pk)
    bodies = spoilt(ROUTES[method, route][1])
    assert [str(it)[:200] for it in bodies if anybody.send(method, path, it).status_code in (500, 501, 502)] == []


@pytest.mark.parametrize("path", OTHERS)
def test_no_other_path_fails_over_what_it_is_asked(path: str) -> None:
    client = Client(raise_request_exception=False)
    answers = [client.get(f"{path}?x={value}").status_code for value in some(ENCODED, 2, path)]
    assert not {500, 501, 502} & set(answers)


@pytest.mark.parametrize("value", ["nonsense", "a+b@example.com", "", "%00", "a@b", "%E2%80%8Ba@example.com"])
def test_an_address_that_is_none_is_a_422_that_names_it(shop: Shop, value: str) -> None:
    answer = shop.get(f"/orders?customer_email={value}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "customer_email")


@pytest.mark.parametrize("value", ["nonsense", "", "ABC-DEF", "ABC-DEF-GH0", "%00", "ABC-DEF-GHJ-KMN"])
def test_a_code_that_is_none_is_a_422_that_names_it(shop: Shop, value: str) -> None:
    answer = shop.get(f"/orders?code={value}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "code")


def test_an_address_with_its_plus_encoded_finds_its_orders(shop: Shop) -> None:
    order = shop.place(customer_email="a+b@example.com")
    found = shop.get("/orders?customer_email=A%2Bb@example.com").json()["orders"]
    assert [it["order_id"] for it in found] == [str(order.pk)]


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "GZIP"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_compressed_body_is_a_415(shop: Shop, coding: str, method: str) -> None:
    answer = shop.send(method, "/orders", ORDER, Content_Encoding=coding)
    assert (answer.status_code, answer.json()["type"]) == (415, "/docs/problems#unsupported_media_type")


def test_a_body_that_says_it_is_not_compressed_is_read(shop: Shop) -> None:
    assert shop.post("/orders", ORDER, Content_Encoding="identity").status_code == 201


@pytest.mark.parametrize("route", [path for method, path in ROUTES if method == "GET"])
def test_head_is_answered_wherever_get_is(shop: Shop, route: str) -> None:
    path = path_of(route, shop.place().pk)
    get, head = shop.get(path), shop.send("HEAD", path)
    assert (head.status_code, head["Content-Type"], head.content) == (get.status_code, get["Content-Type"], b"")
    assert head["Content-Length"] == str(len(get.content))


@pytest.mark.parametrize(
    "path", [*OTHERS, "/track/", "/track/lost/", "/track/ABC-DEF-GHJ/", "/admin/", "/admin/login/"]
)
def test_pages_answer_head_too(path: str) -> None:
    get, head = Client().get(path), Client().head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
