"""Makes the gateway of a name, as a setting or a stored row has it."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

Gateway = TypeVar("Gateway")


def made_by_name(makers: Mapping[str, Callable[[], Gateway]], name: str, *, what: str, setting: str) -> Gateway:
    """The gateway that the maker of this name makes; `what` it is and its `setting`, for the error.

    Raises:
        ImproperlyConfigured: there is none of this name, or a setting of it is missing.
    """
    if name not in makers:
        known = ", ".join(repr(known) for known in makers)
        raise ImproperlyConfigured(f"There is no {what} gateway {name!r} ({setting}): there are {known}.")
    return makers[name]()
