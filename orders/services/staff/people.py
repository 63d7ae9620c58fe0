"""The groups of the back office and what each may do, written as `orders/roles.py` has it."""

from typing import Any

from orders.roles import RIGHTS, Group


def make_groups(apps: Any, using: str) -> None:
    """Make the groups and give each its rights: what the migration does, once."""
    groups = {name: apps.get_model("auth", "Group").objects.using(using).get_or_create(name=name)[0] for name in Group}
    for right in RIGHTS:
        permission, _ = _permission(apps, using, right)
        for name in RIGHTS[right].groups:
            groups[name].permissions.add(permission)


def grant_new_rights(apps: Any, using: str) -> None:
    """Make the rights that the table has gained since, and give them to their groups.

    A right that exists stays as people have given or taken it by hand, and a group that was deleted stays so.
    """
    for right in RIGHTS:
        permission, is_new = _permission(apps, using, right)
        if is_new:
            for group in apps.get_model("auth", "Group").objects.using(using).filter(name__in=RIGHTS[right].groups):
                group.permissions.add(permission)


def _permission(apps: Any, using: str, right: str) -> tuple[Any, bool]:
    app, model = RIGHTS[right].model.split(".")
    types = apps.get_model("contenttypes", "ContentType").objects.using(using)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    return permissions.get_or_create(  # type: ignore[no-any-return] # historical models have no types
        content_type=types.get_or_create(app_label=app, model=model)[0],
        codename=right.partition(".")[2],
        defaults={"name": RIGHTS[right].words},
    )
