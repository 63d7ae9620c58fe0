"""What `make screenshots` writes."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.browser_support import browser
from tests.screenshots.__main__ import take

__all__ = ["browser"]


def width_of(picture: Path) -> int:
    """The header of a PNG file has it."""
    return int.from_bytes(picture.read_bytes()[16:20])


def test_a_screen_is_pictured_light_dark_and_narrow(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.set_content("<meta name=color-scheme content='light dark'><p>Hello")
    take(page, tmp_path, "hello", 880)
    widths = {picture.name: width_of(picture) for picture in tmp_path.iterdir()}
    assert widths == {"hello-light.png": 880, "hello-dark.png": 880, "hello-narrow.png": 320}
    assert (tmp_path / "hello-light.png").read_bytes() != (tmp_path / "hello-dark.png").read_bytes()
