"""The templates that a block renders."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.test.signals import template_rendered


@contextmanager
def templates() -> Iterator[list[str]]:
    """The names of the templates that the block renders."""
    names: list[str] = []

    def note(template: object, **_: object) -> None:
        names.append(str(getattr(template, "name", "")))

    template_rendered.connect(note)
    try:
        yield names
    finally:
        template_rendered.disconnect(note)
