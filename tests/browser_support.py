"""A real browser for tests: Debian's Chromium under Playwright.

Import the fixtures where they are used, and keep such tests in modules without `async` tests: Playwright's synchronous
API runs an event loop of its own in the test's thread.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.conftest import TIMEOUT_SECONDS

RUN_AXE = """async options => (await axe.run(options)).violations.map(
    ({id, nodes}) => [id, nodes.map(node => node.html.slice(0, 120))]
)"""
# The shell without a window needs a third less of the processor; either will do.
CHROMIUM = next(filter(os.path.exists, ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")), "chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def patient_context(make: Callable[..., BrowserContext], **options: Any) -> BrowserContext:
    """A context whose pages wait as long as tests do; Playwright would give up after half a minute."""
    context = make(**options)
    context.set_default_timeout(TIMEOUT_SECONDS * 1000)
    return context


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module.

    Playwright's loop makes Django take a test for asynchronous code, and refuse it the ORM: it is told better. Under
    that loop Django keeps other connections than without it. None is left open: the next module may use another
    database.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        connections.close_all()
        expect.set_options(timeout=TIMEOUT_SECONDS * 1000)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            patch.setattr(chromium, "new_context", partial(patient_context, chromium.new_context))
            yield chromium
            chromium.close()
            connections.close_all()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a fresh profile; the test fails if its console shows an error, a breach of the CSP among them."""
    context = browser.new_context()
    page = context.new_page()
    complaints = complaints_of(page)
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def page_without_scripts(browser: Browser) -> Iterator[Page]:
    """A page of a browser with JavaScript switched off."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def axe_faults(page: Page, **run_only: list[str]) -> list[str]:
    """What axe finds, by all of its rules or by those of these `rules` or `tags`."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    # To look into style sheets axe would make one of its own, which the policy forbids, as it should.
    only = [{"runOnly": {"type": kind, "values": values}} for kind, values in run_only.items()]
    options = {"preload": False, "resultTypes": ["violations"], **(only[0] if only else {})}
    return [f"{rule}: {nodes}" for rule, nodes in page.evaluate(RUN_AXE, options)]


def complaints_of(page: Page) -> list[str]:
    """A list that fills with what the page's console complains of, and with every request to another host."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def see(request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            complaints.append(f"asked {request.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", see)
    return complaints
