"""The tree of errors: one module, which every interface can map as a whole."""

import pkgutil
from collections import Counter
from collections.abc import Iterator
from importlib import import_module

import orders
import workflows
from orders import errors


def subclasses(error: type[errors.OrderError]) -> Iterator[type[errors.OrderError]]:
    for found in error.__subclasses__():
        yield found
        yield from subclasses(found)


def test_every_order_error_is_defined_in_the_errors_module() -> None:
    for package in (orders, workflows):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    elsewhere = {error for error in subclasses(errors.OrderError) if error.__module__ != errors.__name__}
    assert {error.__qualname__ for error in elsewhere if not error.__module__.startswith("tests.")} == set()


def test_no_two_order_errors_share_a_code() -> None:
    codes = Counter(error.code for error in subclasses(errors.OrderError))
    assert [code for code, count in codes.items() if count > 1] == []
