"""What nobody sends by accident, and where it may be put: for tests that look for faults of ours."""

import json
import random
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from typing import TypeVar
from urllib.parse import urljoin

from django.test import Client

LONG = "x" * 60_000
# As they stand in an address, encoded.
ENCODED = (
    *("%00", "%ED%A0%80", LONG, "0001-01-01", "9999-12-31", "zzz", "9" * 30, "-1", "%5B", "x{1,250}{1,250}", "1e9999"),
    *("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "9" * 5000, "true", ""),
)
# As they are typed into a field.
TYPED = (
    *("\0", "\ufffd\u202e", LONG, "0001-01-01", "9999-12-31", "zzz", "9" * 30, "-1", "1e9999", "http://[", "x" * 300),
    *("NaN", "9" * 5000, ""),
)
LOOKUPS = ("", "__regex", "__startswith", "__in", "__isnull", "__lt", "__date", "__year", "__nowhere")

# The content of a signal typed by hand, as the payload holds it: what a text cannot hold is written as JSON by hand.
SIGNALS = {
    "NUL": rb'"a\u0000b"',
    "NUL in an object": rb'{"reason": "a\u0000b"}',
    "NUL in a key": rb'{"a\u0000b": 1}',
    "half of a surrogate pair": rb'"\ud800"',
    "not a number": b"NaN",
    "infinity in a list": b"[1, Infinity]",
    "a hundred thousand brackets": b"[" * 100_000 + b"]" * 100_000,
    "nine hundred brackets": b"[" * 900 + b"]" * 900,
    "a megabyte": json.dumps("x" * 1_000_000).encode(),
    "a number of five thousand digits": b"9" * 5_000,
    "no JSON": b"\xff\xfe",
    "an id that is none": b'{"command_id": "\\u0000"}',
    "a list for an address": b'{"address": [1, {"street": "\\u0000"}]}',
}

Thing = TypeVar("Thing")


class Page(HTMLParser):
    """The forms of a page: of each path that one is sent to, the fields and what they hold."""

    def __init__(self, path: str, html: str) -> None:
        super().__init__()
        self.path, self.forms, self._now = path, dict[str, dict[str, str]](), path
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._now = urljoin(self.path, known.get("action", "") or self.path)
        if tag in ("input", "select", "textarea", "button") and known.get("name"):
            self.forms.setdefault(self._now, {}).setdefault(known["name"], known.get("value", ""))
        if "formaction" in known:
            self.forms.setdefault(urljoin(self.path, known["formaction"]), {}).update(self.forms.get(self._now, {}))


def some(things: Sequence[Thing], most: int, seed: str) -> Sequence[Thing]:
    """So many of them, the same each time."""
    return things if len(things) <= most else random.Random(seed).sample(things, most)


def spoilt(fields: dict[str, str], seed: str, *, values: int) -> Iterable[dict[str, str]]:
    """The form with one field after the other spoilt in so many ways, and with all of them."""
    for name in fields:
        yield from ({**fields, name: value} for value in some(TYPED, values, seed + name))
    yield from (dict.fromkeys(fields, value) for value in some(TYPED, values, seed))


def faults(client: Client, paths: Iterable[str]) -> list[str]:
    """Those of the paths that fail over what they are asked; 503 says that PostgreSQL is away."""
    return [path[:300] for path in paths if client.get(path).status_code in (500, 501, 502)]


def faults_of_forms(client: Client, path: str, sent: Iterable[dict[str, str]]) -> list[str]:
    """What of all that was sent to a path failed."""
    return [f"{path}: {str(form)[:300]}" for form in sent if client.post(path, form).status_code in (500, 501, 502)]
