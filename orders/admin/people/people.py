"""The people who log in. A manager gives the groups of `orders/roles.py` to colleagues; all else is for superusers.

Who could make people, or set their passwords, could be the second person of any approval.
"""

from typing import Any

from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group as DjangoGroup
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from orders.admin.declared import StrictChangelistMixin
from orders.admin.plain_admin import NORMALISED
from orders.roles import Group

GIVE = "auth.give_groups_user"
# What a manager sees of a colleague; all but the groups is only shown.
SEEN = ("username", "first_name", "last_name", "email", "is_active", "last_login", "date_joined")


class PersonAdmin(StrictChangelistMixin, UserAdmin):  # type: ignore[type-arg] # Django's class takes no type when it runs
    """Django's screen for superusers, a short one for managers."""

    formfield_overrides = NORMALISED
    readonly_fields = ("last_login", "date_joined")
    # Two lists side by side are nothing for a narrow page, nor for who hears it.
    filter_horizontal = ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The person, and the groups."""
        if obj is None or _is_superuser(request):
            return super().get_fieldsets(request, obj)
        return ((None, {"fields": (*SEEN, "groups")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All but the groups."""
        return super().get_readonly_fields(request, obj) if obj is None or _is_superuser(request) else SEEN

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The groups that a migration makes: another may hold any right."""
        if db_field.name == "groups" and not _is_superuser(request):
            kwargs["queryset"] = DjangoGroup.objects.filter(name__in=list(Group))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Managers too."""
        return super().has_view_permission(request, obj) or _may_give(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Managers, of colleagues who have nothing but such groups."""
        return super().has_change_permission(request, obj) or (
            _may_give(request) and (obj is None or (obj.pk != request.user.pk and _has_groups_alone(obj)))
        )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django's signature
        """Superusers alone."""
        if not _is_superuser(request):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)


class RoleAdmin(StrictChangelistMixin, GroupAdmin):
    """Django's screen."""


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_give(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "has_perm", lambda _: False)(GIVE))


def _has_groups_alone(person: User) -> bool:
    others = person.groups.exclude(name__in=list(Group))
    return not (person.is_superuser or person.user_permissions.exists() or others.exists())
