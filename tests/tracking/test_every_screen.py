"""Every screen that customers meet, and every mail: usable by everyone, light and dark, and on a narrow screen."""

from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from orders.lifecycle import Status
from orders.mails import Mail
from orders.models import Return
from tests.screenshots import customer, mails

EVERYTHING = {"resultTypes": ["violations"]}
# Only colours differ in the dark.
COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
# A mail is no page: it has no landmarks.
STANDARDS = {"runOnly": ["wcag2a", "wcag2aa"], "resultTypes": ["violations"]}


def faults(page: Page, options: dict[str, Any]) -> list[str]:
    """What axe finds."""
    violations = Axe().run(page, options=options).response["violations"]
    return [f"{fault['id']}: {[node['html'][:120] for node in fault['nodes']]}" for fault in violations]


def in_every_look(page: Page, options: dict[str, Any]) -> list[str]:
    page.set_viewport_size({"width": 1000, "height": 800})
    page.emulate_media(color_scheme="light")
    found = faults(page, options)
    page.emulate_media(color_scheme="dark")
    found += [f"in the dark, {fault}" for fault in faults(page, COLOURS)]
    page.set_viewport_size({"width": 320, "height": 640})
    width = page.evaluate("document.documentElement.scrollWidth")
    return found if width == 320 else [*found, f"{width} pixels wide on a screen of 320"]


def test_no_screen_keeps_anyone_out(browser: Browser, web: str, measured: Callable[[str], None]) -> None:
    found = {name: in_every_look(page, EVERYTHING) for name, page in customer.screens(browser, web)}
    measured(f"screens of customers that axe looked at, light and dark: {len(found)}")
    assert not any(found.values()), {name: told for name, told in found.items() if told}


def test_no_mail_keeps_anyone_out(browser: Browser, web: str) -> None:
    found = {name: in_every_look(page, STANDARDS) for name, page in mails.screens(browser, web)}
    assert {name.partition("-")[0] for name in found} == set(Mail)
    assert not any(found.values()), {name: told for name, told in found.items() if told}


def test_every_state_of_an_order_and_of_a_return_is_among_them() -> None:
    assert set(customer.STATES) >= {*map(str, Status), *(f"return-{state}" for state in Return.State.values)}
