"""Rows that belong to another one and were read with it: kept where Django keeps what it prefetches.

`order.payments.all()` and the like answer with them, without a query.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model

_KEPT = "_prefetched_objects_cache"


def all_related_rows(owner: Model) -> dict[str, list[Any]]:
    """The rows of each relation that was read."""
    return {relation: list(rows) for relation, rows in owner.__dict__.get(_KEPT, {}).items()}


def related_rows(owner: Model, relation: str) -> list[Any] | None:
    """The rows of a relation; None if they were not read."""
    kept = owner.__dict__.get(_KEPT, {}).get(relation)
    return None if kept is None else list(kept)


def set_related_rows(owner: Model, relation: str, rows: Iterable[Any]) -> None:
    known = getattr(owner, relation).all()
    known._result_cache, known._prefetch_done = list(rows), True  # noqa: SLF001 - no public way in
    # Never in place: a copied owner shares the dictionary.
    owner.__dict__[_KEPT] = {**owner.__dict__.get(_KEPT, {}), relation: known}
