"""Every screen that customers meet, and every mail: usable by everyone, light and dark, and on a narrow screen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from orders.lifecycle import ReturnStage, Status
from orders.mails import Mail
from tests.browser_support import axe_faults
from tests.screenshots import customer, mails

# Only colours differ in the dark.
COLOURS = ["color-contrast", "link-in-text-block"]
# A mail is no page: it has no landmarks.
STANDARDS = {"tag": ["wcag2a", "wcag2aa"]}
# `make test` looks at these, `make test-faults` at every screen.
FEW = {
    *(
        "in_review",
        "delivered",
        "partly-refunded",
        "return-approved",
        "cancel-paid",
        "address-faults",
        "return",
        "find",
        "simulated-declined",
        "payment",
        "payment-being-confirmed",
    ),
}


def in_every_look(page: Page, **rules: list[str]) -> list[str]:
    page.set_viewport_size({"width": 1000, "height": 800})
    page.emulate_media(color_scheme="light")
    found = axe_faults(page, **rules)
    page.emulate_media(color_scheme="dark")
    found += [f"in the dark, {fault}" for fault in axe_faults(page, rule=COLOURS)]
    page.set_viewport_size({"width": 320, "height": 640})
    width = page.evaluate("document.documentElement.scrollWidth")
    return found if width == 320 else [*found, f"{width} pixels wide on a screen of 320"]


@pytest.mark.parametrize("names", [FEW, pytest.param(None, marks=pytest.mark.slow)], ids=["some", "every"])
def test_no_screen_keeps_anyone_out(
    browser: Browser, web: str, measured: Callable[[str], None], names: set[str] | None
) -> None:
    found = {name: in_every_look(page) for name, page in customer.screens(browser, web, names)}
    assert names is None or set(found) == names
    measured(f"screens of customers that axe looked at, light and dark: {len(found)}")
    assert not any(found.values()), {name: told for name, told in found.items() if told}


def test_no_mail_keeps_anyone_out(browser: Browser, web: str) -> None:
    found = {name: in_every_look(page, **STANDARDS) for name, page in mails.screens(browser, web)}
    assert {name.partition("-")[0] for name in found} == set(Mail)
    assert not any(found.values()), {name: told for name, told in found.items() if told}


def test_every_state_of_an_order_and_of_a_return_is_among_them() -> None:
    assert set(customer.STATES) >= {*map(str, Status), *(f"return-{state}" for state in list(ReturnStage))}
