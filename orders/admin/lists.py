"""What every long list in the admin has: a paginator that stops counting, and pages of fifty."""

from functools import cached_property
from typing import Any, cast

from django.db.models import QuerySet

from orders.admin.plain_admin import Paginator
from orders.selectors.searching import COUNTED

PAGE = 50


class ShortPaginator(Paginator[Any]):
    """Counts no further than `COUNTED` rows, so that a list of a million costs as much as one of a thousand."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most `COUNTED`."""
        return min(self._counted, COUNTED)

    @property
    def is_cut_short(self) -> bool:
        """There are more rows than it counts."""
        return self._counted > COUNTED

    @cached_property
    def _counted(self) -> int:
        return cast("QuerySet[Any]", self.object_list).order_by()[: COUNTED + 1].count()
