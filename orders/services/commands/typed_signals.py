"""Normalises the body of a signal sent by hand."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from orders.text import normalised

# The most characters that the reason and the arguments may have together.
MAX_CHARACTERS = 64 * 1024


def as_stored(reason: str, args: Mapping[str, object] | None) -> tuple[str, dict[str, object]]:
    """The reason and the arguments with every string normalised, at any depth.

    Raises:
        ValueError: something in them may not be stored; the message is the end of a sentence that says what.
        RecursionError: they are nested too deeply.
    """
    if len(reason) + len(str(args)) > MAX_CHARACTERS:
        raise ValueError("is too long")
    return normalised(reason, multiline=True), _normalised(args or {})


def _normalised(value: Any) -> Any:
    if isinstance(value, str):
        return normalised(value, multiline=True)
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("must not contain NaN or infinity")
    if isinstance(value, Mapping):
        return {_normalised(name): _normalised(entry) for name, entry in value.items()}
    return [_normalised(entry) for entry in value] if isinstance(value, list | tuple) else value
