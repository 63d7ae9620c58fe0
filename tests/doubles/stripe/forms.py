"""Parameters as Stripe's API takes them: form-encoded, nested by brackets."""

import re
from typing import Any
from urllib.parse import parse_qsl

from tests.doubles.stripe.errors import ApiError, Json

BRACKETED = re.compile(r"\[([^\[\]]*)\]")


def parse_form(text: str) -> Json:
    """`a[b]=1&c[0]=x&d[]=y` becomes `{"a": {"b": "1"}, "c": ["x"], "d": ["y"]}`.

    Raises:
        ApiError: a name is used as a value and as an object at once.
    """
    found: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        path = [name.partition("[")[0], *BRACKETED.findall(name)]
        try:
            _insert(found, path, value)
        except (AttributeError, TypeError):
            raise ApiError(f"Invalid parameter: {name}.", param=path[0]) from None
    return {name: _with_lists(value) for name, value in found.items()}


def _insert(into: Json, path: list[str], value: str) -> None:
    for part in path[:-1]:
        into = into.setdefault(part, {})
    into[path[-1] or str(len(into))] = value


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inside = {name: _with_lists(item) for name, item in value.items()}
    if inside and all(name.isdigit() for name in inside):
        return [inside[name] for name in sorted(inside, key=int)]
    return inside
