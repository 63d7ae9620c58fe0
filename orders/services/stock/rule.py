"""Which location sends what: one pure function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# How many pieces of each sku a location could still promise; the preferred location first.
Free = Mapping[int, Mapping[str, int]]


@dataclass(frozen=True)
class Piece:
    """`quantity` pieces of the line at this index are sent from `location`."""

    line: int
    location: int
    quantity: int


def allocated(lines: Sequence[tuple[str, int]], free: Free) -> list[Piece]:
    """Divide lines of (sku, quantity) over the locations. What no location has is left out.

    The first location that can send everything sends everything; where none can, each line takes what there is, in the
    order of the locations.
    """
    for location, has in free.items():
        pieces = _from(location, lines, has)
        if sum(piece.quantity for piece in pieces) == sum(quantity for _, quantity in lines):
            return pieces
    found: list[Piece] = []
    left = [quantity for _, quantity in lines]
    for location, has in free.items():
        pieces = _from(location, [(sku, left[line]) for line, (sku, _) in enumerate(lines)], has)
        for piece in pieces:
            left[piece.line] -= piece.quantity
        found += pieces
    return found


def _from(location: int, lines: Sequence[tuple[str, int]], has: Mapping[str, int]) -> list[Piece]:
    left, pieces = dict(has), []
    for line, (sku, wanted) in enumerate(lines):
        quantity = min(wanted, max(left.get(sku, 0), 0))
        if quantity:
            left[sku] -= quantity
            pieces.append(Piece(line, location, quantity))
    return pieces
