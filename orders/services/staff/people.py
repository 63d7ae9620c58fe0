"""The groups of staff and their permissions, as `orders/roles.py` defines them."""

from typing import Any

from orders.roles import RIGHTS, Group


def make_groups(apps: Any, using: str) -> None:
    """Create the groups with their permissions; called once, by the migration."""
    groups = {name: apps.get_model("auth", "Group").objects.using(using).get_or_create(name=name)[0] for name in Group}
    for right in RIGHTS:
        permission, _ = _permission(apps, using, right)
        for name in RIGHTS[right].groups:
            groups[name].permissions.add(permission)


def grant_new_rights(apps: Any, using: str) -> None:
    """Create the permissions added to the table since, and grant them to their groups.

    An existing permission keeps what was granted or revoked by hand, and a deleted group stays deleted.
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
        defaults={"name": RIGHTS[right].name},
    )
