"""How the page of an action tells what it will do."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Consequences:
    """`button` names the sum where money moves."""

    button: str
    will: list[str]
    will_not: list[str]
