"""Who may open an order's page, and what the sign-in gives away."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.signing import TimestampSigner
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, reverse
from pytest_django import DjangoAssertNumQueries, Settings

from orders.models import Order
from orders.services.customers.access import is_token_of, revoke_links, tracking_token, tracking_url
from orders.tracking import urls
from tests.conftest import unique
from tests.factories import an_order
from tests.tracking.conftest import Follow

FIND = "/track/"


def page_of(order: Order) -> str:
    return f"/track/{order.code}/"


def link_to(order: Order) -> str:
    parts = urlsplit(tracking_url(order))
    return f"{parts.path}?{parts.query}"


def test_the_link_opens_the_page() -> None:
    order = an_order()
    client = Client()
    answer = client.get(link_to(order), follow=True)
    assert answer.redirect_chain == [(page_of(order), 302)]
    assert answer.status_code == 200
    assert order.code in answer.text


def test_the_link_leaves_no_token_in_the_address() -> None:
    order = an_order()
    answer = Client().get(link_to(order))
    assert answer["Location"] == page_of(order)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert tracking_token(order) not in answer.cookies.output()


def test_the_token_stands_outside_the_path_that_logs_name() -> None:
    order = an_order()
    assert tracking_token(order) not in urlsplit(tracking_url(order)).path


def test_the_cookie_is_kept_from_scripts_and_other_sites(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://shop.example"
    order = an_order()
    cookie = Client().get(link_to(order)).cookies["orderlife_order"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)
    assert (cookie["path"], cookie["max-age"]) == (page_of(order), 30 * 24 * 3600)


def test_no_answer_is_kept_or_indexed(customer: Follow) -> None:
    order = an_order()
    paths = [reverse(f"tracking:{route.name}", args=_arguments(route, order)) for route in urls.urlpatterns]
    strict, knowing = Client(enforce_csrf_checks=True), customer(order)
    answers = [
        *(
            asked
            for path in paths
            for asked in (knowing.get(path), knowing.post(path), Client().get(path), strict.post(path))
        ),
        Client().post(FIND, {"code": order.code, "email": "x@example.com"}),
        Client().get(link_to(order)),
        Client().get(page_of(order).rstrip("/")),
        Client().get(FIND.rstrip("/")),
        Client().get(f"{page_of(order)}nothing/here/"),
    ]
    assert {(answer["Cache-Control"], answer["X-Robots-Tag"]) for answer in answers} == {("no-store", "noindex")}
    assert {answer.status_code for answer in answers} >= {200, 301, 302, 403, 404, 405}


@pytest.mark.parametrize("typed", ["{code}", " {code} ", "{lower}", "{bare}"])
def test_code_and_email_open_the_page_however_they_are_typed(typed: str) -> None:
    order = an_order(customer_email="Jane.Doe@Example.com")
    code = typed.format(code=order.code, lower=order.code.lower(), bare=order.code.replace("-", ""))
    answer = Client().post(FIND, {"code": code, "email": " jane.doe@example.COM"}, follow=True)
    assert answer.redirect_chain == [(page_of(order), 302)]
    assert answer.status_code == 200


def test_a_wrong_pair_and_an_unknown_order_look_the_same(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    known, other = an_order(), "222-222-222"
    answers = []
    for code in (known.code, other):
        with django_assert_num_queries(2):
            answers.append(Client().post(FIND, {"code": code, "email": "nobody@example.com"}))
    wrong, unknown = answers
    assert wrong.status_code == unknown.status_code
    assert dict(wrong.headers) == dict(unknown.headers)
    assert _plain(wrong, known.code) == _plain(unknown, other)
    assert "No order matches this code and email address" in wrong.text


def _plain(answer: Any, code: str) -> str:
    token = str(answer.context["csrf_token"])
    text: str = answer.text
    return text.replace(token, "TOKEN").replace(code, "CODE")


def test_the_dummy_address_opens_nothing() -> None:
    answer = Client().post(FIND, {"code": "222-222-222", "email": "nobody@example.invalid"})
    assert answer.status_code == 200


def test_without_a_cookie_the_page_asks_for_the_email_with_the_code_filled_in() -> None:
    order = an_order()
    answer = Client().get(page_of(order), follow=True)
    assert answer.redirect_chain == [(f"{FIND}?code={order.code}", 302)]
    assert f'value="{order.code}"' in answer.text


def test_another_orders_cookie_opens_nothing(customer: Follow) -> None:
    mine, other = an_order(), an_order()
    value = customer(mine).cookies["orderlife_order"].value
    client = Client()
    client.cookies["orderlife_order"] = value
    assert client.get(page_of(mine)).status_code == 200
    assert client.get(page_of(other)).status_code == 302
    assert client.post(page_of(other) + "cancel/", {"form": str(other.pk)}).status_code == 302
    assert not other.commands.filter(kind="cancel").exists()


def test_another_orders_token_opens_nothing() -> None:
    mine, other = an_order(), an_order()
    answer = Client().get(page_of(other), {"token": tracking_token(mine)})
    assert answer["Location"] == f"{FIND}?code={other.code}"
    assert not answer.cookies


@pytest.mark.parametrize("token", ["", "x", "ü" * 43, "\ud800", "\x00"])
def test_a_token_that_is_none_opens_nothing(token: str) -> None:
    assert not is_token_of(an_order(), token)


def test_a_revoked_link_and_its_cookie_open_nothing(customer: Follow) -> None:
    order = an_order()
    client, link = customer(order), link_to(order)
    revoke_links(order.pk)
    assert client.get(page_of(order)).status_code == 302
    assert "orderlife_order" not in Client().get(link).cookies
    order.refresh_from_db()
    assert Client().get(link_to(order))["Location"] == page_of(order)


def test_links_and_cookies_outlive_a_new_key(customer: Follow, settings: Settings) -> None:
    order = an_order()
    client, token = customer(order), tracking_token(order)
    settings.TRACKING_KEYS = ["a new key", *settings.TRACKING_KEYS]
    assert tracking_token(order) != token
    assert is_token_of(order, token)
    assert client.get(page_of(order)).status_code == 200
    settings.TRACKING_KEYS = ["a new key"]
    assert not is_token_of(order, token)
    assert client.get(page_of(order)).status_code == 302


def test_a_cookie_ends_after_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    order = an_order()
    client = Client()
    client.get(link_to(order))
    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 31 * 24 * 3600)
    assert client.get(page_of(order)).status_code == 302


def test_a_cookie_signed_under_the_key_alone_opens_nothing(settings: Settings) -> None:
    order = an_order()
    client = Client()
    forged = TimestampSigner(key=settings.TRACKING_KEYS[0], salt="orders.tracking").sign(str(order.pk))
    client.cookies["orderlife_order"] = forged
    assert client.get(page_of(order)).status_code == 302


def test_a_get_changes_nothing(customer: Follow) -> None:
    order = an_order()
    client, link = customer(order), link_to(order)
    paths = [reverse(f"tracking:{route.name}", args=_arguments(route, order)) for route in urls.urlpatterns]
    with read_only():
        for path in [*paths, link]:
            assert client.get(path).status_code in (200, 302, 405), path
            assert client.head(path).status_code in (200, 302, 405), path


def _arguments(route: URLPattern, order: Order) -> list[str]:
    return [order.code] * route.pattern.regex.groups


@contextmanager
def read_only() -> Iterator[None]:
    """PostgreSQL itself refuses every write in here."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        yield


def test_a_link_that_a_mail_scanner_opens_changes_and_reveals_nothing_more() -> None:
    order = an_order(customer_email=f"{unique()}@example.com")
    with read_only():
        for headers in ({}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}):
            assert Client(headers=headers).head(link_to(order), follow=True).status_code == 200
            page = Client(headers=headers).get(link_to(order), follow=True).text
            assert order.customer_email not in page
            assert tracking_token(order) not in page
    assert Client().get(link_to(order), follow=True).status_code == 200


def test_a_change_needs_the_forms_own_csrf_token(customer: Follow) -> None:
    order = an_order()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = customer(order).cookies
    assert strict.post(page_of(order) + "cancel/", {"form": str(order.pk)}).status_code == 403


def test_an_address_that_is_none_gets_our_page() -> None:
    answer = Client().get("/nowhere/at/all", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert "Page not found" in answer.text
