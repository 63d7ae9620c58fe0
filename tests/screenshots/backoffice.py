"""Every screen of the back office, each for somebody who has just come in."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.admin.screens import SCREENS, open_screen
from tests.conftest import web_server


def screens(browser: Browser, web: str) -> Iterator[tuple[str, Page]]:
    """Those of `tests/admin/screens.py`; a second server asks for a second factor."""
    with tempfile.TemporaryDirectory() as directory, web_server(Path(directory), ADMIN_TWO_FACTOR="true") as strict:
        for name, screen in SCREENS.items():
            context = browser.new_context(base_url=strict if screen.two_factor else web)
            page = context.new_page()
            open_screen(page, screen, strict if screen.two_factor else web)
            yield name.replace(": ", "-").replace(" ", "-"), page
            context.close()
