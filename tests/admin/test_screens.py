"""Every screen in a real browser under production's policy: axe, light and dark, wide and narrow, and the console."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, Response, ViewportSize

from tests.admin.screens import SCREENS, Screen, is_like_another, open_screen
from tests.admin.test_browser import faults
from tests.browser_support import browser, complaints_of
from tests.conftest import web_server

__all__ = ["browser"]

WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 320, "height": 640}
# All other rules judge what is the same in every look.
CHANGES_WITH_THE_LOOK = ("color-contrast", "link-in-text-block", "scrollable-region-focusable")
POLICY = {
    "default-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self' data:",
    "object-src 'none'",
}

Visit = Callable[[Screen], Page]


@pytest.fixture(scope="module")
def served(web: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Screen], str]]:
    """Where a screen is served: a second server, once it is needed, asks for a second factor."""
    with ExitStack() as stack:
        strict: list[str] = []

        def address(screen: Screen) -> str:
            if screen.two_factor and not strict:
                directory = tmp_path_factory.mktemp("strict")
                strict.append(stack.enter_context(web_server(directory, ADMIN_TWO_FACTOR="true")))
            return strict[0] if screen.two_factor else web

        yield address


@pytest.fixture(scope="module")
def heard(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """One page for all screens, which saves fetching styles and scripts for each; and what it complains of."""
    page = browser.new_page()
    complaints = complaints_of(page)
    page.on("response", lambda response: complaints.extend(_without_policy(response)))
    yield page, complaints
    page.close()


@pytest.fixture
def visit(heard: tuple[Page, list[str]], served: Callable[[Screen], str]) -> Iterator[Visit]:
    """Shows a screen to its person; the test fails if the console complains, or a page comes without the policy."""
    page, complaints = heard
    refused = []

    def go(screen: Screen) -> Page:
        refused.extend(["the server responded with a status"] * screen.refused)
        page.context.clear_cookies()
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(WIDE)
        open_screen(page, screen, served(screen))
        return page

    complaints.clear()
    yield go
    assert [said for said in complaints if not any(words in said for words in refused)] == []


def _without_policy(response: Response) -> list[str]:
    if response.request.resource_type != "document" or response.status in (301, 302):
        return []
    sent = {part.strip() for part in response.headers.get("content-security-policy", "").split(";")}
    return [] if sent == POLICY else [f"{response.url} came with the policy {sent}"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if is_like_another(name) else []) for name in SCREENS]
)
def test_axe_finds_nothing_and_nothing_overflows(visit: Visit, name: str) -> None:
    page = visit(SCREENS[name])
    light = faults(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(NARROW)
    dark = faults(page, *CHANGES_WITH_THE_LOOK)
    assert (light, dark) == ([], [])
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
