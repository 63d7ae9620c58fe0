"""Restricts changelists to declared filters and valid ids: what its class declares, and nothing else.

Django filters by every column that an address names. Who may see a list could so read, a letter at a time, a column
that no screen shows.
"""

from typing import Any

from django.contrib import messages
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

# Nothing that a search looks through is longer. PostgreSQL refuses a word of 2,047 bytes.
MAX_SEARCH = 300


class DeclaredChangeList(ChangeList):
    """Django's list; whatever else stands in its address leads back to the list, as a value at fault does."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # In place of "Select order to view".
        self.title = str(capfirst(self.opts.verbose_name_plural))

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """What the filters and the search leave; nothing, unasked, where the search is longer than all it looks at."""
        if len(self.query) <= MAX_SEARCH:
            return super().get_queryset(request, *args, **kwargs)
        typed, self.query = self.query, ""
        rows = super().get_queryset(request, *args, **kwargs)
        self.query = typed
        return rows.none()

    def get_filters(self, request: HttpRequest) -> Any:
        """The filters of the list's class; what none of them took from the address is no filter."""
        try:
            found = super().get_filters(request)
        except DisallowedModelAdminLookup as error:
            raise IncorrectLookupParameters(str(error)) from error
        _, _, undeclared, *_ = found
        if undeclared:
            raise IncorrectLookupParameters(", ".join(undeclared))
        return found


class StrictChangelistMixin:
    """For an admin class: its list answers declared filters alone, and its actions ids alone."""

    opts: Any

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ARG002 - Django's signature
        """The list above."""
        return DeclaredChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row; an empty `_to_field` names no field, and Django looks for one of that name."""
        return super().get_object(request, object_id, from_field or None)  # type: ignore[misc] # the admin class's

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Take the action, if every row that was ticked can be one; Django asks the database for whatever was sent."""
        try:
            for ticked in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.clean(ticked, None)
        except ValidationError:
            messages.error(request, "The selection is not valid. Nothing was done.")
            return None
        answer: HttpResponse | None = super().response_action(request, queryset, *args, **kwargs)  # type: ignore[misc] # the admin class's
        return answer
