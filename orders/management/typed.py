"""Texts from the command line, normalised as those from forms and the API."""

from django.core.management.base import CommandError

from orders.text import normalised


def typed(name: str, text: str, *, multiline: bool = False) -> str:
    """The text of this option as it is stored.

    Raises:
        CommandError: it holds what may not be stored.
    """
    try:
        return normalised(text, multiline=multiline)
    except ValueError as fault:
        raise CommandError(f"The {name.replace('_', ' ')} {fault}.") from None
