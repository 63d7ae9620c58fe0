"""What a person has put into a parcel so far: kept in their session, until the order is packed."""

from dataclasses import dataclass

from django.http import HttpRequest

from orders.models import Order
from orders.selectors.warehouse import Line, lines_of

# A person packs one order at a time; those that were left half packed are forgotten in the end.
MAX_ORDERS = 20
KEY = "packed"


@dataclass(frozen=True, kw_only=True)
class ScanResult:
    """What a scan of an article came to."""

    text: str
    is_good: bool


def of(request: HttpRequest, order: Order) -> dict[str, int]:
    """How many pieces of each article are in this order's parcel."""
    return dict(request.session.get(KEY, {}).get(str(order.pk), {}))


def tick(request: HttpRequest, order: Order, sku: str) -> ScanResult | None:
    """Put one piece into the parcel. None if this is no article of the order."""
    lines = lines_of(order, of(request, order))
    line = next((line for line in lines if line.sku.casefold() == sku.casefold()), None)
    if line is None:
        return None
    if line.is_complete:
        return ScanResult(
            text=f"Put this one back: all {line.quantity} of {line.sku} are already packed.", is_good=False
        )
    _keep(request, order, {**of(request, order), line.sku: line.packed + 1})
    return ScanResult(text=_progress(line, lines), is_good=True)


def forget(request: HttpRequest, order: Order) -> None:
    """The order is packed."""
    kept = request.session.get(KEY, {})
    kept.pop(str(order.pk), None)
    request.session[KEY] = kept


def _progress(line: Line, lines: list[Line]) -> str:
    left = sum(other.quantity - other.packed for other in lines) - 1
    # A message begins with a capital letter, which an article number may not.
    said = f"{line.packed + 1} of {line.quantity} {line.sku}."
    return said if left else f"{said} All items packed. Scan the order code, or press “Mark as packed”."


def _keep(request: HttpRequest, order: Order, packed: dict[str, int]) -> None:
    others = {pk: ticks for pk, ticks in request.session.get(KEY, {}).items() if pk != str(order.pk)}
    request.session[KEY] = {**dict(list(others.items())[-MAX_ORDERS + 1 :]), str(order.pk): packed}
