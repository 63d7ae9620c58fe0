"""Whatever stands in an address or a form of the admin: an answer, and no fault of ours.

A part of all combinations runs each time, the same one; `make walk` runs them all.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from orders.admin.declared import DeclaredChangeList
from orders.lifecycle import Status
from orders.models import Order
from tests.admin.conditions import CONDITIONS, order
from tests.admin.conftest import Desk, a_user
from tests.admin.matrix import BULK, OBJECTS, addresses, path_to
from tests.conftest import unique
from tests.factories import an_order_in
from tests.hostile import ENCODED, LONG, LOOKUPS, Page, faults, faults_of_forms, some, spoilt

# What Django itself reads in the address of a page.
STOCK = ("q", "p", "o", "e", "all", "_facets", "_to_field", "_popup", "_changelist_filters", "next", "return", "have")
LIST = reverse("admin:orders_order_changelist")
ENDS_THE_SESSION = (reverse("admin:logout"), reverse("admin:password_change"))
SPOILT_IDS = ("zzz", "0", "9" * 30, "_00", "%00", "-1", "01a20755-51cb-7a6a-8d6d-9d74c9966614", "x" * 5000)


@pytest.fixture(scope="module", autouse=True)
def _objects_are_made_anew() -> Iterator[None]:
    """What is sent here may delete what `path_to` names."""
    yield
    path_to.cache_clear()


@cache
def staff() -> Client:
    """A superuser whose browser sends anything."""
    return signed_in(Client(raise_request_exception=False))


def signed_in(client: Client) -> Client:
    client.force_login(a_user(is_superuser=True))
    return client


def parameters(name: str) -> list[str]:
    """What an address may be asked for: what Django reads, what its page links to, every column and lookup."""
    tables = {f"{it.opts.label_lower.replace('.', '_')}_changelist": it for it in admin.site._registry.values()}
    if name not in tables:
        return list(STOCK)
    page = staff().get(path_to(name)).content.decode()
    linked = {*re.findall(r"[?;](\w+)=", page), *(field for form in Page("/", page).forms.values() for field in form)}
    columns = [field.name for field in tables[name].opts.get_fields()]
    return [*STOCK, *sorted(linked), *(f"{column}{lookup}" for column in columns for lookup in LOOKUPS)]


def asked(name: str) -> list[str]:
    return [f"{path_to(name)}?{parameter}={value}" for parameter, value in product(parameters(name), ENCODED)]


@cache
def forms() -> dict[str, dict[str, str]]:
    """The fields of every form that the admin shows, by the path it is sent to."""
    client = staff()
    paths = [path_to(name) for name in addresses() if name != "logout"]
    paths += [reverse("admin:orders_order_change", args=[order(condition).pk]) for condition in CONDITIONS]
    found: dict[str, dict[str, str]] = {}
    for path in paths:
        answer = client.get(path)
        if answer.status_code == 200 and not answer.streaming:
            found |= Page(path, answer.content.decode()).forms
    return {path: fields for path, fields in found.items() if path.startswith("/admin/")}


@pytest.mark.parametrize("name", addresses())
def test_no_address_fails_over_what_it_is_asked(name: str) -> None:
    assert faults(staff(), some(asked(name), 16 if name.endswith("_changelist") else 2, name)) == []


@pytest.mark.walk
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", addresses())
def test_no_address_fails_over_anything_it_is_asked(name: str) -> None:
    assert faults(staff(), asked(name)) == []


@pytest.mark.usefixtures("nobody_answers")
def test_no_form_fails_over_what_is_typed() -> None:
    client, found = staff(), []
    for path, fields in forms().items():
        found += faults_of_forms(client, path, some([*spoilt(fields, path, values=1)], 2, path))
        if path.startswith(ENDS_THE_SESSION):
            signed_in(client)
    assert found == []


@pytest.mark.walk
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("nobody_answers")
def test_no_form_fails_over_anything_that_is_typed() -> None:
    client, found = staff(), []
    for path, fields in forms().items():
        found += faults_of_forms(signed_in(client), path, spoilt(fields, path, values=99))
    assert found == []


@pytest.mark.parametrize("name", [name for name, (_, placeholders) in addresses().items() if placeholders])
def test_an_id_that_is_none_is_no_fault_of_ours(name: str) -> None:
    path, wanted = path_to(name), re.compile(r"[0-9a-f-]{36}|(?<=/)\d+(?=/)")
    assert faults(staff(), [wanted.sub(spoilt_id, path) for spoilt_id in SPOILT_IDS]) == []


@pytest.mark.parametrize("table", OBJECTS)
@pytest.mark.parametrize("ticked", ["zzz", "9" * 30, "\0", "", "-1"])
def test_an_action_on_what_is_no_row_does_nothing(table: str, ticked: str) -> None:
    path = reverse(f"admin:{table}_changelist")
    for action in BULK[table] or ["delete_selected"]:
        form = {"action": action, "_selected_action": ticked, "index": "0", "post": "yes"}
        assert staff().post(path, form).status_code in (302, 400, 403, 200)


@pytest.mark.parametrize("lookup", ["access_nonce__startswith", "attention_reason__regex", "id", "client__name", "zzz"])
def test_a_list_answers_no_filter_that_nobody_declared(desk: Desk, lookup: str) -> None:
    answer = desk.client.get(LIST, {lookup: "a"})
    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}?e=1")
    assert desk.client.get(reverse("admin:orders_order_export"), {lookup: "a"}).status_code == 302


@pytest.mark.parametrize(
    ("query", "status"),
    [
        *(("status__exact=%00", 400), ("q=%00", 400), ("%00=1", 400), ("placed_to=9999-12-31", 200)),
        *(("placed_from=0001-01-01", 200), ("worth_from=1e999999", 200), ("worth_to=99999999999999", 200)),
        *((f"q={'x' * 9000}", 200), (f"q={'x' * 300}", 200), ("attention_reason__regex=x{1,250}{1,250}", 302)),
        *(
            ("p=zzz", 200),
            ("o=zzz", 200),
            ("_to_field=access_nonce", 400),
            ("held__exact=zzz", 302),
            ("client=zzz", 200),
        ),
    ],
)
def test_a_list_answers_each_of_these_in_its_way(desk: Desk, query: str, status: int) -> None:
    assert desk.client.get(f"{LIST}?{query}").status_code == status


@pytest.mark.parametrize("table", OBJECTS)
def test_a_search_too_long_for_anything_finds_nothing(desk: Desk, table: str) -> None:
    OBJECTS[table]()
    assert 'name="_selected_action"' not in desk.get(reverse(f"admin:{table}_changelist"), q="a " * 5000)


def test_no_column_of_an_order_can_be_read_letter_by_letter(desk: Desk) -> None:
    nonce = str(Order.objects.values_list("access_nonce", flat=True).get(pk=an_order_in(Status.PAID).pk))
    right = desk.client.get(LIST, {"access_nonce__startswith": nonce[:4]})
    wrong = desk.client.get(LIST, {"access_nonce__startswith": "!"})
    assert (right.status_code, right["Location"]) == (wrong.status_code, wrong["Location"])


def test_every_list_is_one_that_answers_what_it_declares() -> None:
    request = RequestFactory().get("/")
    lists = [it.get_changelist(request) for it in admin.site._registry.values()]
    assert all(issubclass(it, DeclaredChangeList) for it in lists)


@pytest.mark.parametrize("field", ["placed_from", "placed_to"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_first_and_the_last_of_all_days_can_be_asked_for(desk: Desk, field: str, day: str, zone: str) -> None:
    with timezone.override(zone):
        assert "Orders" in desk.get(LIST, **{field: day})


def test_a_login_name_that_is_too_long_is_refused_at_its_field() -> None:
    answer = Client().post(reverse("admin:login"), {"username": unique() + "x" * 300, "password": "x"})
    assert "at most 150 characters" in answer.content.decode()


@pytest.mark.parametrize("text", ["\0", LONG])
def test_a_hostile_scan_changes_nothing(text: str) -> None:
    assert staff().post(reverse("admin:orders_order_warehouse_scan"), {"scan": text}).status_code in (302, 400)


@pytest.mark.parametrize("cookie", ['"\\000aaaaaaaaaaaa"', "x" * 4000])
def test_a_hostile_cookie_is_no_fault_of_ours(cookie: str) -> None:
    client = Client(raise_request_exception=False, headers={"cookie": f"sessionid={cookie}"})
    assert client.get(reverse("admin:index")).status_code in (302, 400)


def test_no_row_leads_out_of_the_admin() -> None:
    assert {staff().get(f"/admin/r/{table}/{row}/").status_code for table in (1, "zzz") for row in (1, "zzz")} == {404}
