"""The payment page of a simulated gateway: the test cards, the bank's question, and what follows."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from babel.messages.pofile import read_po
from django.conf import settings as configured
from django.test import Client
from playwright.sync_api import Page
from pytest_django import Settings

from orders.gateways.payments.checkout_page import OfferedCard
from orders.gateways.payments.configured import gateway_named
from orders.gateways.payments.protocol import Checkout, CheckoutRequest, CheckoutState
from orders.gateways.payments.simulated import SimulatedPayments
from orders.tracking import simulated_checkout
from orders.tracking.simulated_checkout import web_url
from stack.state import ROOT
from tests.conftest import unique
from tests.hostile import TYPED
from tests.orders.gateway_worlds import simulated_server

Answer = Any  # what Django's test client returns has no public name
GATEWAY_OF_TESTS = SimulatedPayments.name
RETURN_URL, CANCEL_URL = "https://shop.example/orders/7?paid=1", "https://shop.example/orders/7"


@pytest.fixture
def gateway() -> SimulatedPayments:
    found = gateway_named(GATEWAY_OF_TESTS)
    assert isinstance(found, SimulatedPayments)
    return found


def request(**changes: Any) -> CheckoutRequest:
    made = CheckoutRequest(
        key=unique(),
        order_id="01a22000-0000-7000-8000-000000000001",
        amount=1200,
        currency="EUR",
        capture=True,
        description="Order ABC-DEF-GHJ",
        email="jane@example.com",
        return_url=RETURN_URL,
        cancel_url=CANCEL_URL,
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    return replace(made, **changes)


@pytest.fixture
def checkout(gateway: SimulatedPayments) -> Checkout:
    return gateway.open_checkout(request())


def path_of(checkout: Checkout, step: str = "") -> str:
    return f"/simulated-checkout/{checkout.reference}/{step}"


def pay(checkout: Checkout, card: str, client: Client | None = None) -> Answer:
    return (client or Client()).post(path_of(checkout), {"card": card})


def answer(checkout: Checkout, text: str) -> Answer:
    return Client().post(path_of(checkout, "confirm/"), {"answer": text})


def state_of(gateway: SimulatedPayments, checkout: Checkout) -> CheckoutState:
    found = gateway.look_up_checkout(checkout.reference)
    assert found
    return found.state


def test_it_says_that_it_is_a_test_and_what_is_paid(checkout: Checkout) -> None:
    page = Client().get(path_of(checkout)).text
    assert "This is a test payment page. No money moves." in page
    assert "Order ABC-DEF-GHJ" in page
    assert page.count("Pay 12.00 EUR") == 2
    assert f'href="{CANCEL_URL}">Cancel and go back</a>' in page
    assert "<script" not in page
    for label in simulated_checkout.CARDS.values():
        assert str(label) in page


def test_the_address_of_a_checkout_leads_there(checkout: Checkout) -> None:
    assert checkout.url == configured.PUBLIC_URL + path_of(checkout)


def test_whoever_pays_returns_to_the_shop(gateway: SimulatedPayments, checkout: Checkout) -> None:
    paid = pay(checkout, OfferedCard.WORKS)
    assert (paid.status_code, paid["Location"]) == (302, RETURN_URL)
    assert state_of(gateway, checkout) is CheckoutState.PAID


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (OfferedCard.DECLINED, "The card was declined."),
        (OfferedCard.INSUFFICIENT_FUNDS, "The card has insufficient funds."),
    ],
)
def test_whoever_is_declined_reads_why_and_can_try_another(
    gateway: SimulatedPayments, checkout: Checkout, card: OfferedCard, reason: str
) -> None:
    page = pay(checkout, card).text
    assert f'role="alert">\n      <p>{reason} You can try another card.</p>' in page
    assert state_of(gateway, checkout) is CheckoutState.OPEN
    assert pay(checkout, OfferedCard.WORKS).status_code == 302


def test_a_confirmation_is_a_second_step(gateway: SimulatedPayments, checkout: Checkout) -> None:
    asked = pay(checkout, OfferedCard.ASKS_FOR_CONFIRMATION)
    assert asked["Location"] == path_of(checkout, "confirm/")
    page = Client().get(asked["Location"]).text
    assert "Confirm the payment of <strong>12.00 EUR</strong>?" in page
    assert state_of(gateway, checkout) is CheckoutState.OPEN
    assert answer(checkout, "confirm")["Location"] == RETURN_URL
    assert state_of(gateway, checkout) is CheckoutState.PAID


def test_whoever_refuses_is_asked_for_another_card(gateway: SimulatedPayments, checkout: Checkout) -> None:
    assert "The payment was not confirmed. You can try another card." in answer(checkout, "refuse").text
    assert state_of(gateway, checkout) is CheckoutState.OPEN


def test_an_answer_that_is_none_is_asked_for_again(gateway: SimulatedPayments, checkout: Checkout) -> None:
    assert "Your bank asks for a confirmation" in answer(checkout, "perhaps").text
    assert state_of(gateway, checkout) is CheckoutState.OPEN


@pytest.mark.parametrize("card", ["", "tok_lost_response", "4242424242424242", *TYPED[1:]])
def test_it_takes_no_card_that_it_does_not_offer(gateway: SimulatedPayments, checkout: Checkout, card: str) -> None:
    assert "Please choose a card." in pay(checkout, card).text
    assert state_of(gateway, checkout) is CheckoutState.OPEN


@pytest.mark.parametrize("step", ["", "confirm/"])
def test_a_page_that_was_paid_on_says_so(gateway: SimulatedPayments, checkout: Checkout, step: str) -> None:
    gateway.pay_checkout(checkout.reference, OfferedCard.WORKS)
    page = Client().get(path_of(checkout, step)).text
    assert "This payment is complete" in page
    assert f'href="{RETURN_URL}">Back to order</a>' in page
    assert "<form" not in page


def test_a_form_of_another_tab_pays_no_second_time(gateway: SimulatedPayments, checkout: Checkout) -> None:
    paid = [pay(checkout, OfferedCard.WORKS)["Location"] for _ in range(2)]
    assert paid == [RETURN_URL] * 2
    found = gateway.look_up_checkout(checkout.reference)
    assert found
    assert [one.reference for one in gateway.payments_since(datetime.min.replace(tzinfo=UTC))].count(found.payment) == 1


@pytest.mark.parametrize("step", ["", "confirm/"])
@pytest.mark.parametrize("way", ["closed", "expired"])
def test_nobody_pays_on_a_page_that_is_over(gateway: SimulatedPayments, way: str, step: str) -> None:
    late = {"expires_at": datetime.now(UTC)} if way == "expired" else {}
    checkout = gateway.open_checkout(request(**late))
    gateway.close_checkout(checkout.reference)
    client, path = Client(), path_of(checkout, step)
    for page in (client.get(path), client.post(path, {"card": OfferedCard.WORKS, "answer": "confirm"})):
        assert "This payment page is closed" in page.text
        assert "you have not been charged" in page.text
        assert f'href="{CANCEL_URL}">Back to order</a>' in page.text
    assert state_of(gateway, checkout) is CheckoutState.CLOSED


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "ftp://x/y", "http://["])
def test_it_leads_to_pages_of_the_web_only(gateway: SimulatedPayments, url: str) -> None:
    checkout = gateway.open_checkout(request(return_url=url, cancel_url=url))
    page = Client().get(path_of(checkout)).text
    assert url not in page
    assert 'href="/track/">Cancel and go back' in page
    assert pay(checkout, OfferedCard.WORKS)["Location"] == "/track/"
    assert 'href="/track/">Back to order' in Client().get(path_of(checkout)).text


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/track/", "https://shop.example"])
def test_a_page_of_the_web_is_where_it_leads(url: str) -> None:
    assert web_url(url) == url


def test_it_escapes_what_the_shop_has_written(gateway: SimulatedPayments) -> None:
    spiteful = '"><script>alert(1)</script>'
    checkout = gateway.open_checkout(request(description=spiteful, cancel_url=f"{CANCEL_URL}?{spiteful}"))
    page = Client().get(path_of(checkout)).text
    assert "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page


def test_its_policy_lets_the_form_lead_to_the_shop_and_nothing_else(checkout: Checkout) -> None:
    for step in ("", "confirm/"):
        policy = Client().get(path_of(checkout, step))["Content-Security-Policy"]
        assert "form-action 'self' https://shop.example;" in policy + ";"
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("host", ["x;script-src *", "x, y", "x 'unsafe-inline'"])
def test_an_address_cannot_change_the_policy(gateway: SimulatedPayments, host: str) -> None:
    checkout = gateway.open_checkout(request(return_url=f"https://{host}/"))
    policy = Client().get(path_of(checkout))["Content-Security-Policy"]
    assert re.search(r"form-action 'self'( https://x)?(;|$)", policy)
    assert not any(added in policy for added in ("script-src", "unsafe", " y"))


def test_a_form_of_another_site_pays_nothing(gateway: SimulatedPayments, checkout: Checkout) -> None:
    refused = pay(checkout, OfferedCard.WORKS, Client(enforce_csrf_checks=True))
    assert (refused.status_code, state_of(gateway, checkout)) == (403, CheckoutState.OPEN)


def test_nobody_keeps_it(checkout: Checkout) -> None:
    page = Client().get(path_of(checkout))
    assert (page["Cache-Control"], page["X-Robots-Tag"]) == ("no-store", "noindex")


@pytest.mark.parametrize("reference", ["cs_nobody", "%00", "%F0%9F%98%80", "x" * 2000])
def test_there_is_no_page_without_a_checkout(reference: str) -> None:
    client = Client(headers={"accept": "text/html"}, raise_request_exception=False)
    for step in ("", "confirm/"):
        assert client.get(f"/simulated-checkout/{reference}/{step}").status_code in (400, 404)


@pytest.fixture
def _stripe(settings: Settings) -> Iterator[None]:
    settings.PAYMENT_GATEWAY, settings.STRIPE_API_KEY = "stripe", "rk_test_double"
    yield
    gateway_named.cache_clear()


@pytest.mark.usefixtures("_stripe")
def test_there_is_none_where_the_gateway_has_pages_of_its_own(checkout: Checkout) -> None:
    for answered in (Client().get(path_of(checkout)), pay(checkout, OfferedCard.WORKS), answer(checkout, "confirm")):
        assert answered.status_code == 404


@pytest.fixture
def _over_http(settings: Settings) -> Iterator[None]:
    settings.PAYMENT_GATEWAY = "simulated_http"
    with simulated_server(settings.SIMULATED_DIR) as port:
        settings.PAYMENT_GATEWAY_URL = f"http://127.0.0.1:{port}"
        gateway_named.cache_clear()
        yield
    gateway_named.cache_clear()


@pytest.mark.usefixtures("_over_http")
def test_it_is_the_page_of_the_gateway_over_http_too() -> None:
    checkout = gateway_named("simulated_http").open_checkout(request())
    assert checkout.url == configured.PUBLIC_URL + path_of(checkout)
    assert "Pay 12.00 EUR" in Client().get(path_of(checkout)).text
    assert pay(checkout, OfferedCard.WORKS)["Location"] == RETURN_URL


def test_a_gateway_that_is_away_is_a_page_that_says_so(settings: Settings, checkout: Checkout) -> None:
    settings.PAYMENT_GATEWAY, settings.PAYMENT_GATEWAY_URL = "simulated_http", "http://127.0.0.1:9"
    gateway_named.cache_clear()
    for answered in (Client().get(path_of(checkout)), pay(checkout, OfferedCard.WORKS)):
        assert (answered.status_code, answered["Retry-After"]) == (503, "5")
        assert "The payment page is not available" in answered.text
    gateway_named.cache_clear()


@pytest.mark.parametrize("language", ["de", "es", "fr"])
def test_all_of_it_is_translated(language: str) -> None:
    with (ROOT / f"locale/pages/{language}/LC_MESSAGES/django.po").open("rb") as file:
        known = {str(message.id) for message in read_po(file, locale=language)}
    texts = [path.read_text() for path in (ROOT / "templates" / "tracking").glob("simulated*.html")]
    marked = re.compile(r"{% blocktranslate %}(.+?){% endblocktranslate %}")
    said = {found.replace("{{ total }}", "%(total)s") for text in texts for found in marked.findall(text)}
    said |= {str(text) for text in (*simulated_checkout.CARDS.values(), *simulated_checkout.REASONS, "Test card")}
    assert len(texts) == 5
    assert said - known == set()


def test_it_speaks_the_browsers_language(checkout: Checkout) -> None:
    client = Client(headers={"accept-language": "de"})
    page = client.get(path_of(checkout)).text.replace("\xa0", " ")
    assert '<html lang="de">' in page
    assert "12,00 EUR bezahlen" in page
    assert (
        "Die Karte wurde abgelehnt. Sie können eine andere Karte verwenden."
        in pay(checkout, OfferedCard.DECLINED, client).text
    )


def test_a_customer_pays_with_the_keyboard_and_without_javascript(
    gateway: SimulatedPayments, page_without_scripts: Page, web: str
) -> None:
    elsewhere = web.replace("127.0.0.1", "localhost")
    checkout = gateway.open_checkout(request(return_url=f"{elsewhere}/track/?paid=1"))
    page = page_without_scripts
    page.goto(web + path_of(checkout))
    page.get_by_role("radio", name="A card that works").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Confirm").press("Enter")
    page.wait_for_url(f"{elsewhere}/track/?paid=1")
    assert state_of(gateway, checkout) is CheckoutState.PAID
