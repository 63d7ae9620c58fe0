"""A manager gives colleagues their groups, and cannot make anybody more than a manager."""

import pytest
from django.contrib.auth.models import Group as DjangoGroup
from django.contrib.auth.models import User
from django.urls import reverse

from orders.roles import Group
from tests.admin.conftest import Desk, a_user
from tests.conftest import unique


@pytest.fixture
def manager() -> Desk:
    user = a_user()
    user.groups.add(group(Group.MANAGER))
    return Desk(user)


def group(name: str) -> DjangoGroup:
    return DjangoGroup.objects.get(name=name)


def page_of(person: User) -> str:
    return reverse("admin:auth_user_change", args=[person.pk])


def groups_of(person: User) -> set[str]:
    return set(person.groups.values_list("name", flat=True))


def test_a_manager_gives_and_takes_groups(manager: Desk) -> None:
    person = a_user()
    manager.post(page_of(person), {"groups": [group(name).pk for name in (Group.FINANCE, Group.OPERATOR)]})
    assert groups_of(person) == {Group.FINANCE, Group.OPERATOR}
    manager.post(page_of(person), {"groups": [group(Group.VIEWER).pk]})
    assert groups_of(person) == {Group.VIEWER}


def test_nothing_else_of_a_person_is_a_managers_to_change(manager: Desk) -> None:
    person = a_user()
    before = User.objects.filter(pk=person.pk).values().get()
    more = {"is_superuser": "on", "username": "other", "email": "other@example.com", "user_permissions": [1]}
    manager.post(page_of(person), more)
    assert User.objects.filter(pk=person.pk).values().get() == before
    assert not person.user_permissions.exists()


def test_a_manager_gives_no_group_that_may_hold_any_right(manager: Desk) -> None:
    person, others = a_user(), DjangoGroup.objects.create(name=unique())
    assert others.name not in manager.get(page_of(person))
    assert "is not one of the available choices" in manager.post(page_of(person), {"groups": [others.pk]})
    assert groups_of(person) == set()


@pytest.mark.parametrize("who", ["a superuser", "of another group", "with a right of their own", "oneself"])
def test_a_manager_only_looks_at_who_may_be_more(manager: Desk, who: str) -> None:
    person = manager.user if who == "oneself" else a_user(is_superuser=who == "a superuser")
    if who == "of another group":
        person.groups.add(DjangoGroup.objects.create(name=unique()))
    if who == "with a right of their own":
        person = a_user("add_user")
    assert 'name="groups"' not in manager.get(page_of(person))
    before = groups_of(person)
    assert manager.client.post(page_of(person), {"groups": [group(Group.FINANCE).pk]}).status_code == 403
    assert groups_of(person) == before


def test_a_manager_sees_no_hash_and_sets_no_password(manager: Desk) -> None:
    person = a_user()
    person.set_password("correct horse battery")
    person.save()
    assert "pbkdf2" not in manager.get(page_of(person))
    path = reverse("admin:auth_user_password_change", args=[person.pk])
    sent = {"password1": "another horse 1", "password2": "another horse 1", "usable_password": "true"}
    assert manager.client.post(path, sent).status_code == 403
    person.refresh_from_db()
    assert person.check_password("correct horse battery")


def test_it_asks_nobody_for_what_is_written_by_itself(desk: Desk) -> None:
    page = desk.get(page_of(a_user()))
    assert "Date joined" in page
    assert 'name="date_joined_0"' not in page
    assert 'name="last_login_0"' not in page
