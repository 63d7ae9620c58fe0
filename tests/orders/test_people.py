"""The groups of the back office: made once by a migration, and left as people have set them since."""

from django.apps import apps
from django.contrib.auth.models import Group as DjangoGroup
from django.contrib.auth.models import Permission
from django.core.management import call_command

from orders.roles import RIGHTS, Group
from orders.services.staff.people import make_groups
from tests.conftest import unique


def rights_of(group: str) -> set[str]:
    permissions = DjangoGroup.objects.get(name=group).permissions.select_related("content_type")
    return {f"{permission.content_type.app_label}.{permission.codename}" for permission in permissions}


def migrate() -> None:
    call_command("migrate", verbosity=0, skip_checks=True)


def test_it_gives_each_group_the_rights_of_the_table() -> None:
    for group in Group:
        assert rights_of(group) == {right for right, row in RIGHTS.items() if group in row.groups}


def test_it_lets_a_manager_do_whatever_any_group_may() -> None:
    assert all(Group.MANAGER in row.groups for row in RIGHTS.values())


def test_it_gives_a_right_that_the_table_has_gained_to_its_groups() -> None:
    Permission.objects.get(codename="refund_order").delete()
    assert "orders.refund_order" not in rights_of("finance")
    migrate()
    assert "orders.refund_order" in rights_of("finance") & rights_of("manager")
    assert "orders.refund_order" not in rights_of("operator")


def test_it_leaves_what_people_have_taken_from_a_group() -> None:
    warehouse = DjangoGroup.objects.get(name="warehouse")
    hold = Permission.objects.get(codename="hold_order")
    warehouse.permissions.remove(hold)
    migrate()
    taken = "orders.hold_order" not in rights_of("warehouse")
    warehouse.permissions.add(hold)
    assert taken


def test_it_leaves_what_people_have_given_and_groups_of_their_own() -> None:
    own = DjangoGroup.objects.create(name=f"night shift {unique()}")
    own.permissions.add(Permission.objects.get(codename="cancel_order"))
    make_groups(apps, "default")
    assert rights_of(own.name) == {"orders.cancel_order"}
