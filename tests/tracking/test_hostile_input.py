"""Whatever stands in an address or a form of the customers' pages: an answer, and no fault of ours."""

from itertools import product

import pytest
from django.test import Client
from django.urls import reverse

from orders.lifecycle import Status
from orders.models import Order
from orders.tracking import changes, urls
from tests.factories import an_order_in
from tests.hostile import ENCODED, TYPED, Page, faults, faults_of_forms, some, spoilt
from tests.tracking.conftest import Follow

PARAMETERS = ("token", "code", "next", "change", "x")
NAMES = [str(page.name) for page in urls.urlpatterns]
ON_THE_WAY = (Status.IN_REVIEW, Status.AWAITING_PAYMENT, Status.PAID, Status.DELIVERED)


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs: waiting for one would only cost time."""
    monkeypatch.setattr(changes, "WAIT_SECONDS", 0)


def path_of(name: str, order: Order) -> str:
    return reverse(f"tracking:{name}", args=() if name in ("find", "lost") else (order.code,))


def an_order_that(status: Status) -> Order:
    fields = {"payment_method": "tok_declined"} if status is Status.AWAITING_PAYMENT else {}
    return an_order_in(status, **fields)


def asked(path: str) -> list[str]:
    return [f"{path}?{parameter}={value}" for parameter, value in product(PARAMETERS, ENCODED)]


@pytest.mark.parametrize("name", NAMES)
def test_no_page_fails_over_what_it_is_asked(customer: Follow, name: str) -> None:
    order = an_order_in(Status.IN_REVIEW)
    client = customer(order)
    client.raise_request_exception = False
    path = path_of(name, order)
    assert faults(client, some(asked(path), 8, name)) + faults(Client(), some(asked(path), 4, name)) == []


@pytest.mark.walk
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", NAMES)
def test_no_page_fails_over_anything_it_is_asked(customer: Follow, name: str) -> None:
    order = an_order_in(Status.IN_REVIEW)
    client = customer(order)
    client.raise_request_exception = False
    assert faults(client, asked(path_of(name, order))) == []


@pytest.mark.parametrize("values", [1, pytest.param(99, marks=pytest.mark.walk)])
@pytest.mark.parametrize("status", ON_THE_WAY)
def test_no_form_fails_over_what_is_typed(customer: Follow, settings: object, status: Status, values: int) -> None:
    settings.TRACKING_RATE_LIMIT = 0  # type: ignore[attr-defined] # pytest-django's
    order = an_order_that(status)
    client, found = customer(order), []
    client.raise_request_exception = False
    for name in NAMES:
        path = path_of(name, order)
        shown = Page(path, client.get(path).content.decode()).forms
        for where, fields in shown.items():
            found += faults_of_forms(client, where, spoilt(fields, where, values=values))
    assert found == []


@pytest.mark.parametrize("text", TYPED)
def test_a_code_in_the_address_may_be_anything(text: str) -> None:
    client = Client(raise_request_exception=False)
    path = reverse("tracking:order", args=[text.replace("/", "") or "x"])
    assert client.get(path).status_code in (302, 400, 404)


@pytest.mark.parametrize("cookie", ["orderlife_zone", "orderlife_order", "orderlife_proof", "django_language"])
@pytest.mark.parametrize("value", ['"\\000"', "../../etc/passwd", "x" * 4000, '"\\355\\240\\200"'])
def test_a_cookie_may_be_anything(cookie: str, value: str) -> None:
    path = path_of("order", an_order_in(Status.IN_REVIEW))
    client = Client(raise_request_exception=False, headers={"cookie": f"{cookie}={value}"})
    assert client.get(path).status_code in (302, 400)
