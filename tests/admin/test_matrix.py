"""Every address and action of the admin for every group, as `matrix.py` has it: read there how to add one."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.models import Group as DjangoGroup
from django.test import Client, RequestFactory
from django.urls import resolve, reverse

from orders.admin.orders.order_actions import ACTIONS
from orders.lifecycle import Status
from orders.models import Order
from orders.roles import RIGHTS, Group, right_to
from orders.selectors.backoffice import kinds_offered, order_view
from tests.admin import matrix
from tests.admin.conditions import order
from tests.admin.conftest import a_user
from tests.admin.matrix import ADDRESSES, BULK, may, path_to
from tests.factories import an_order_in, command

INSIDERS = [*Group, "superuser", "plain"]
PEOPLE = [*INSIDERS, "stranger", "anonymous"]


@pytest.fixture(scope="module")
def people() -> dict[str, User | AnonymousUser]:
    return {person: somebody(person) for person in PEOPLE}


def somebody(person: str) -> User | AnonymousUser:
    if person == "anonymous":
        return AnonymousUser()
    user = a_user(is_superuser=person == "superuser")
    if person in list(Group):
        user.groups.add(DjangoGroup.objects.get(name=person))
    if person == "stranger":
        user.is_staff = False
        user.save()
    return user


@cache
def browser_of(user: User | AnonymousUser) -> Client:
    client = Client()
    if isinstance(user, User):
        client.force_login(user)
    return client


def answers(user: User | AnonymousUser, name: str) -> list[Any]:
    """To looking, and to sending an empty form."""
    browser = browser_of(user)
    found = [browser.get(path_to(name)), browser.post(path_to(name))]
    if name == "logout":
        browser_of.cache_clear()
    return found


def leads_to_login(answer: Any) -> bool:
    return bool(answer.status_code == 302 and answer.url.startswith(reverse("admin:login")))


def test_it_has_a_row_for_every_address_and_no_other() -> None:
    assert sorted(ADDRESSES) == sorted(matrix.addresses())


def test_it_has_a_row_for_every_bulk_action(people: Mapping[str, Any]) -> None:
    lists = {f"{model._meta.app_label}_{model._meta.model_name}": it for model, it in admin.site._registry.items()}
    request = RequestFactory().get("/")
    request.user = people["superuser"]
    assert {name: sorted(it.get_actions(request)) for name, it in lists.items()} == {
        name: sorted(rows) for name, rows in BULK.items()
    }


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_it_lets_in_whom_the_row_names_and_nobody_else(people: Mapping[str, Any], name: str) -> None:
    row = ADDRESSES[name]
    for person in INSIDERS:
        looked, sent = (answer.status_code for answer in answers(people[person], name))
        for code, who in ((looked, row.who), (sent, row.who if row.sends is None else row.sends)):
            # Where one of the two is not offered at all, the other tells.
            assert code in {405, *(row.shown if may(person, who) else [row.refused])}, f"{person} {looked} {sent}"
        assert (looked, sent) != (405, 405)


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_it_sends_strangers_to_the_login(people: Mapping[str, Any], name: str) -> None:
    for person in ("stranger", "anonymous"):
        for answer in answers(people[person], name):
            assert leads_to_login(answer) != (ADDRESSES[name].who == matrix.ANYBODY), f"{person} {answer}"


@pytest.mark.parametrize("person", INSIDERS)
def test_it_offers_the_bulk_actions_that_a_person_may_take(people: Mapping[str, Any], person: str) -> None:
    for model, screen in admin.site._registry.items():
        request = RequestFactory().get("/")
        request.user = people[person]
        rows = BULK[f"{model._meta.app_label}_{model._meta.model_name}"]
        assert sorted(screen.get_actions(request)) == sorted(name for name, who in rows.items() if may(person, who))


@pytest.mark.parametrize("person", INSIDERS)
@pytest.mark.parametrize(
    "status", [Status.IN_REVIEW, Status.PAID, Status.SHIPPED, Status.SHIPPING_FAILED, Status.DELIVERED]
)
def test_it_shows_the_buttons_that_a_person_may_press(people: Mapping[str, Any], person: str, status: Status) -> None:
    order = orders_in(status)
    page = browser_of(people[person]).get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    shown = {kind for kind in ACTIONS if f'"{reverse(f"admin:orders_order_{kind}", args=[order.pk])}"' in page}
    offered = kinds_offered(order_view(order.pk))
    assert shown == {kind for kind in offered if may(person, ADDRESSES[f"orders_order_{kind}"].who)}


@pytest.mark.parametrize("person", INSIDERS)
def test_it_lists_the_tables_that_a_person_may_see(people: Mapping[str, Any], person: str) -> None:
    page = browser_of(people[person]).get(reverse("admin:index")).content.decode()
    for name in BULK:
        linked = f'"{reverse(f"admin:{name}_changelist")}"' in page
        assert linked == may(person, ADDRESSES[f"{name}_changelist"].who), name


@pytest.mark.parametrize("person", INSIDERS)
def test_it_links_to_nothing_that_a_person_may_not_see(people: Mapping[str, Any], person: str) -> None:
    browser = browser_of(people[person])
    seen = ["in review", "to pack", "return asked for", "refund waits for a second person", "refund failed"]
    pages = [reverse("admin:orders_order_change", args=[order(condition).pk]) for condition in seen]
    pages += [reverse(f"admin:{name}") for name in ("index", "orders_order_changelist", "orders_return_changelist")]
    # One link to each screen: who gets in does not depend on the order that it shows.
    links = {
        resolve(link).url_name: link
        for path in pages
        for link in re.findall(r'href="(/admin/[^"#?]*)', browser.get(path).content.decode())
    }
    assert "index" in links
    assert {link for link in links.values() if browser.get(link).status_code not in (200, 302)} == set()


def test_it_shows_of_the_dashboard_only_what_leads_somewhere() -> None:
    order("return asked for")
    user = a_user("view_order")
    page = browser_of(user).get(reverse("admin:index")).content.decode()
    assert "Needs action" in page
    for name in ("orders_return_changelist", "orders_command_changelist", "orders_order_review"):
        assert reverse(f"admin:{name}") not in page, name


def test_it_lets_nobody_edit_by_hand_what_the_product_writes(people: Mapping[str, Any]) -> None:
    request = RequestFactory().get("/")
    request.user = people["superuser"]
    for model, screen in admin.site._registry.items():
        if model not in matrix.EDITED:
            may = (screen.has_add_permission, screen.has_change_permission, screen.has_delete_permission)
            assert not any(allowed(request) for allowed in may), model


def test_it_has_a_right_for_every_action() -> None:
    assert {right_to(kind) for kind in ACTIONS} <= set(RIGHTS)


@cache
def orders_in(status: Status) -> Order:
    if status is not Status.SHIPPING_FAILED:
        return an_order_in(status)
    order = an_order_in(Status.SHIPPED)
    command(order, "fail_delivery")
    return order
