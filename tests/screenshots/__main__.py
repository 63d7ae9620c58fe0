"""`make screenshots`: every screen of the lists below, light, dark and narrow, as PNG files in `.data/screenshots/`.

A list is a generator: it brings a page to a screen, yields its name and the page, and goes on when the pictures are
taken. The pages come from a real web server on a database of its own, and nothing else runs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import django
from playwright.sync_api import Browser, Page, sync_playwright

import tests.plugin  # noqa: F401 - the settings of tests
from orderlife.environment import DATA_DIR
from stack.postgres import embedded_postgres
from tests.browser_support import ARGUMENTS, CHROMIUM

Screens = Callable[[Browser, str], Iterator[tuple[str, Page]]]
NARROW = 320


class Look(NamedTuple):
    """A way of looking at a page; without a width, that of its list."""

    scheme: Literal["light", "dark"]
    width: int | None = None


LOOKS = {"light": Look("light"), "dark": Look("dark"), "narrow": Look("light", NARROW)}
# What the pages show that settings decide.
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "orderlife.settings",
    "EMAIL_URL": "dummymail://",
    "BANK_ACCOUNT": "Lamp Shop, DE02 1203 0000 0000 2020 51, BYLADEM1001",
    "RETURN_ADDRESS": "Lamp Shop, 1 Way Back, Springfield IL 62701",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright's loop makes Django take this for asynchronous code
}


def lists() -> dict[str, tuple[Screens, int]]:
    """Each list of screens, and how wide the window is that shows them."""
    from tests.screenshots import backoffice, customer, mails  # they need Django

    return {
        "customer": (customer.screens, 880),
        "mails": (mails.screens, 640),
        "backoffice": (backoffice.screens, 1280),
    }


@contextmanager
def served() -> Iterator[str]:
    """The address of a web server of this run's own."""
    with tempfile.TemporaryDirectory(prefix="orderlife-screenshots-") as name:
        directory = Path(name)
        directory.chmod(0o711)
        os.environ |= {**SETTINGS, "SIMULATED_DIR": str(directory / "simulated")}
        with embedded_postgres(directory / "postgres", fsync=False) as os.environ["DATABASE_URL"]:
            subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"], check=True)
            django.setup()
            from tests.conftest import web_server

            with web_server(directory) as web:
                yield web


def take(page: Page, directory: Path, name: str, width: int) -> None:
    """Picture what the page shows in every look."""
    for look, (scheme, other_width) in LOOKS.items():
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": other_width or width, "height": 640})
        page.screenshot(path=directory / f"{name}-{look}.png", full_page=True, animations="disabled")


def main(arguments: list[str]) -> None:
    """Picture the lists that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="LIST", help="customer, mails, backoffice; all by default")
    names = parser.parse_args(arguments).names
    with served() as web, sync_playwright() as playwright:
        known = lists()
        if unknown := set(names) - set(known):
            parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for name in names or known:
            screens, width = known[name]
            directory = DATA_DIR / "screenshots" / name
            directory.mkdir(parents=True, exist_ok=True)
            count = 0
            for screen, page in screens(browser, web):
                take(page, directory, screen, width)
                count += 1
            print(f"{name}: {count} screens in {directory}", flush=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
