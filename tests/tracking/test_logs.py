"""What the web server writes down of those who open a customer's page."""

import sys
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser

from orders.services.customers.access import tracking_token
from stack.ports import free_port
from tests.conftest import Served, answers, eventually
from tests.factories import an_order


def logging_server(directory: Path) -> tuple[Served, str]:
    """A web server that logs all it can, and its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = [sys.executable, "-m", "orderlife.server", "--port", str(port), "--access-log"]
    return Served(arguments, directory / "web.log", PUBLIC_URL=url, LOG_LEVEL="DEBUG", EMAIL_URL="dummymail://"), url


def test_the_token_is_in_no_log_no_address_and_no_referrer(browser: Browser, tmp_path: Path) -> None:
    served, url = logging_server(tmp_path)
    order = an_order()
    token = tracking_token(order)
    try:
        eventually(lambda: answers(f"{url}/healthz"), served.log.read_text)
        asked = requests_of_a_visit(browser, f"{url}/track/{order.code}/", token)
        served.ready(f"/track/{order.code}/cancel/")
    finally:
        served.stop()
    assert "GET /track/" in served.log.read_text()
    assert token not in served.log.read_text()
    addresses, headers = zip(*asked, strict=True)
    assert [token in address for address in addresses] == [True] + [False] * (len(asked) - 1)
    assert not [sent for sent in headers if token in sent]


def requests_of_a_visit(browser: Browser, page_address: str, token: str) -> list[tuple[str, str]]:
    """What a browser asks for, and with which headers, when a customer follows the link and goes on from there."""
    context = browser.new_context()
    page = context.new_page()
    asked: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append((request.url, str(request.headers))))
    page.goto(f"{page_address}?{urlencode({'token': token})}")
    page.get_by_role("link", name="Cancel order").click()
    page.wait_for_load_state()
    context.close()
    return asked
