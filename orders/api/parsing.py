"""Parses request bodies: strict JSON (RFC 8259)."""

import json
from decimal import Decimal
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser


class Malformed(Exception):
    """The body is not acceptable JSON; the message says why."""


class UnsupportedMediaType(Exception):
    """The body is not declared as JSON."""


class StrictJSON(Parser):
    """Keeps decimals exact; refuses NaN, duplicate keys, NUL, lone surrogates and deep nesting."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The body as Python values.

        Raises:
            Malformed, UnsupportedMediaType: it is refused.
        """
        if request.content_type != "application/json":
            raise UnsupportedMediaType("Send JSON with the header Content-Type: application/json.")
        try:
            text = request.body.decode()
            value = json.loads(
                text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_without_duplicates
            )
            _check_text(text, value)
        except UnicodeDecodeError:
            raise Malformed("The body is not valid UTF-8.") from None
        except RecursionError:
            raise Malformed("The body is nested too deeply.") from None
        except ArithmeticError:
            raise Malformed("The body contains a number that is too large.") from None
        except ValueError as error:
            raise Malformed(f"The body is not valid JSON: {str(error)[:200]}.") from None
        if not isinstance(value, dict):
            raise Malformed("The body must be a JSON object.")
        return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object contains the same key twice")
    return found


def _check_text(text: str, value: object) -> None:
    if "\\u" not in text and "\x00" not in text:
        return
    dumped = json.dumps(value, ensure_ascii=False, default=str)
    if "\\u0000" in dumped or "\x00" in dumped:
        raise ValueError("a string contains NUL")
    if any("\ud800" <= letter <= "\udfff" for letter in dumped):
        raise ValueError("a string contains a lone surrogate")
