"""Django's own admin classes, with the type parameters that Django itself does not take at run time."""

from typing import TYPE_CHECKING, Any, Self

from django.contrib import admin
from django.core import paginator
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Model
from django.http import HttpRequest

from orders import form_fields
from orders.admin.declared import StrictChangelistMixin
from orders.roles import RIGHTS

# The form fields of texts, for `formfield_overrides`.
NORMALISED: dict[Any, dict[str, Any]] = {
    models.CharField: {"form_class": form_fields.TextField},
    models.TextField: {"form_class": form_fields.TextField},
    models.EmailField: {"form_class": form_fields.EmailField},
    models.URLField: {"form_class": form_fields.URLField},
}

if TYPE_CHECKING:
    from typing import TypeVar

    from django.contrib.admin import ModelAdmin, TabularInline
    from django.core.paginator import Paginator

    Row = TypeVar("Row", bound=Model)
    Parent = TypeVar("Parent", bound=Model)
else:

    class ModelAdmin(StrictChangelistMixin, admin.ModelAdmin):
        """Django's class, subscriptable; its list answers what it declares, and its forms normalise texts."""

        formfield_overrides = NORMALISED

        def __class_getitem__(cls, model: Any) -> type[Self]:
            """Forget the type parameter."""
            return cls

    class TabularInline(admin.TabularInline):
        """Django's class, subscriptable."""

        def __class_getitem__(cls, models: Any) -> type[Self]:
            """Forget the type parameters."""
            return cls

    class Paginator(paginator.Paginator):
        """Django's class, subscriptable."""

        def __class_getitem__(cls, row: Any) -> type[Self]:
            """Forget the type parameter."""
            return cls


class NeverDeleted:
    """Rows that others name: nobody deletes one in the admin."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False


class NoAddOrDelete(NeverDeleted):
    """Rows that the product writes itself: nobody adds one either."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False


class ReadOnly(NoAddOrDelete):
    """Rows that nobody changes in the admin either."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False


def ensure(request: HttpRequest, right: str) -> None:
    """Go on only for those who may: `right` is one of the table in `orders/roles.py`.

    Raises:
        PermissionDenied: this person may not.
    """
    if right not in RIGHTS:
        raise KeyError(right)
    if not request.user.has_perm(right):
        raise PermissionDenied


__all__ = [
    "NORMALISED",
    "ModelAdmin",
    "NeverDeleted",
    "NoAddOrDelete",
    "Paginator",
    "ReadOnly",
    "TabularInline",
    "ensure",
]
