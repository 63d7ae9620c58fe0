"""A shop whose workers and web server run, and its customers at a browser."""

import json
import re
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from orders.models import Order
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import ORDER
from tests.browser_support import complaints_of
from tests.conftest import TIMEOUT_SECONDS, both_workers, eventually, unique, web_server
from tests.plugin import database_of_its_own

SECONDS = TIMEOUT_SECONDS
LINK = r"http://\S+/track/\S+\?token=\S+"
LINK_TO_PAY = rf"{LINK}&next=pay"
CODE = r"\b\d{6}\b"


@dataclass(frozen=True)
class Shop:
    """A shop that places orders over HTTP; mails lie in `mails`."""

    url: str
    key: str
    mails: Path

    def place(self, **fields: object) -> Any:
        body = json.dumps({**ORDER, "customer_email": f"{unique()}@example.com", **fields}).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/orders", body, headers), timeout=10) as answer:
            return json.load(answer)

    def mailed(self, to: str, pattern: str) -> str:
        """What the newest mail to this address that has it shows of `pattern`, as soon as there is one."""
        return str(eventually(lambda: self._found(to, pattern)))

    def _found(self, to: str, pattern: str) -> str:
        files = sorted(self.mails.glob("*.eml"))
        mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        bodies = [mail.get_body(("plain",)) for mail in mails if mail["to"] == to]
        found = [match[0] for body in bodies if body and (match := re.search(pattern, body.get_content()))]
        return found[-1] if found else ""


@contextmanager
def open_shop(directory: Path, web: Mapping[str, str] | None = None, /, **settings: str) -> Iterator[Shop]:
    """A shop on a database of its own; `settings` are those of its workers, `web` more of its web server."""
    mails = {"EMAIL_URL": f"filemail://{directory / 'mails'}"}
    with (
        database_of_its_own(f"shop{unique()}"),
        web_server(directory, **mails, **(web or {})) as url,
        both_workers(directory, PUBLIC_URL=url, **mails, **settings),
    ):
        yield Shop(url, create_api_key(f"shop {unique()}"), directory / "mails")
    logs = list(directory.glob("*.log"))
    assert len(logs) == 3
    assert not [log.name for log in logs if "token=" in log.read_text()], "a link to an order stands in a log"


class Customer:
    """Somebody with a browser, with or without JavaScript, who follows the link from the mail about an order."""

    def __init__(self, page: Page, shop: Shop, *, scripts: bool, link: str = LINK, **fields: object) -> None:
        self.page, self.shop, self.scripts = page, shop, scripts
        self.order = Order.objects.get(pk=shop.place(**fields)["order_id"])
        page.goto(shop.mailed(self.order.customer_email, link))

    def sees(self, words: str) -> None:
        """Sooner or later the headline says so; without JavaScript, the customer has to look again."""
        headline = self.page.get_by_role("status")
        until = time.monotonic() + SECONDS
        while not self.scripts and words not in headline.inner_text() and time.monotonic() < until:
            time.sleep(0.3)
            self.page.reload()
        expect(headline).to_contain_text(words, timeout=SECONDS * 1000)

    def wants(self, change: str) -> None:
        """Go to a change; the first asks for the code from the mail."""
        self.page.get_by_role("link", name=change).click()
        if "/confirm/" in self.page.url:
            self.page.get_by_role("button", name="Send code").click()
            code = self.shop.mailed(self.order.customer_email, CODE)
            self.page.get_by_label("6-digit code").fill(code)
            self.page.get_by_role("button", name="Confirm").click()

    def is_told(self, words: str) -> None:
        """The page tells the outcome of the change, at once or after a while, also to who does not see it."""
        self._reads("[role=status] #notice", words)

    def reads_of_the_return(self, words: str) -> None:
        """The page says how far the return came."""
        self._reads("#returns", words)

    def _reads(self, part: str, words: str) -> None:
        found = self.page.locator(part).filter(has_text=words)
        until = time.monotonic() + SECONDS
        while not self.scripts and not found.count() and time.monotonic() < until:
            time.sleep(0.3)
            self.page.reload()
        expect(found).to_be_visible(timeout=SECONDS * 1000)


# `make test` tells one story without scripts; `make test-faults` all of them.
LIVE = pytest.mark.parametrize(
    "scripts", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["live", "without JavaScript"]
)


@pytest.fixture
def scripts() -> bool:
    """Unless a test says otherwise."""
    return True


@pytest.fixture
def page(browser: Browser, *, scripts: bool) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    complaints = complaints_of(page)
    yield page
    context.close()
    assert complaints == []
