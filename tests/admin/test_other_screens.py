import re

from django.test import Client
from django.urls import reverse

from orders.lifecycle import Status
from orders.models import ApiClient, ApiKey, BlockedCustomer
from orders.services.staff.api_keys import create_api_key
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order_in, command

NO_KEYS = {"keys-TOTAL_FORMS": 0, "keys-INITIAL_FORMS": 0}
COMMANDS = reverse("admin:orders_command_changelist")


def test_it_shows_open_commands_unless_asked_for_others(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    command(order, "reject")
    assert order.code not in desk.get(COMMANDS)
    assert order.code in desk.get(COMMANDS, state="all")


def test_it_changes_no_command_by_hand(desk: Desk) -> None:
    row = command(an_order_in(Status.IN_REVIEW), "reject")
    path = reverse("admin:orders_command_change", args=[row.pk])
    assert 'name="_save"' not in desk.get(path)
    assert desk.client.post(path, {"state": "pending"}).status_code == 403


def test_it_lets_staff_block_a_customer(desk: Desk) -> None:
    email = f"{unique()}@example.com"
    desk.post(reverse("admin:orders_blockedcustomer_add"), {"email": email, "reason": "Never pays."})
    assert BlockedCustomer.objects.filter(email=email).exists()


def test_it_shows_of_a_key_its_first_letters_alone(desk: Desk) -> None:
    client = ApiClient.objects.create(name=f"shop{unique()}")
    key = ApiKey.objects.create(client=client, prefix="ol_abc", hash=unique().ljust(64, "0"))
    page = desk.get(reverse("admin:orders_apiclient_change", args=[client.pk]))
    assert "ol_abc" in page
    assert key.hash not in page


def test_it_issues_a_key_and_shows_it_once(desk: Desk) -> None:
    name = f"shop{unique()}"
    form = {"name": name, "scopes": ["orders:read"], "is_active": "on", "issue_key": "on", **NO_KEYS}
    page = desk.post(reverse("admin:orders_apiclient_add"), form)
    (key,) = re.findall(r"ol_[\w-]{43}", page)
    client = ApiClient.objects.get(name=name)
    assert Client(headers={"authorization": f"Bearer {key}"}).get("/orders").status_code == 200
    assert client.scopes == ["orders:read"]
    assert client.keys.get().issued_by == desk.user
    assert key not in desk.get(reverse("admin:orders_apiclient_change", args=[client.pk]))


def test_it_says_who_issued_each_key(desk: Desk) -> None:
    name = f"shop{unique()}"
    create_api_key(name, issued_by=desk.user)
    create_api_key(name)
    page = desk.get(reverse("admin:orders_apiclient_change", args=[ApiClient.objects.get(name=name).pk]))
    assert page.count("<td>Ann Operator</td>") == page.count("<td>command line</td>") == 1


def test_it_revokes_the_key_that_is_ticked_and_no_other(desk: Desk) -> None:
    name = f"shop{unique()}"
    keys = [create_api_key(name) for _ in range(2)]
    client = ApiClient.objects.get(name=name)
    form = {"scopes": client.scopes, "is_active": "on", "keys-TOTAL_FORMS": 2, "keys-INITIAL_FORMS": 2}
    rows = list(client.keys.all())
    form |= {f"keys-{at}-id": row.pk for at, row in enumerate(rows)}
    form |= {f"keys-{at}-client": client.pk for at in range(2)} | {"keys-1-revoke": "on"}
    desk.post(reverse("admin:orders_apiclient_change", args=[client.pk]), form)
    revoked = ApiKey.objects.get(pk=rows[1].pk)
    live = [Client(headers={"authorization": f"Bearer {key}"}).get("/orders").status_code for key in keys]
    assert sorted(live) == [200, 401]
    assert revoked.revoked_at is not None


def test_it_lets_nobody_issue_a_key_who_may_not_change_clients(viewer: Desk) -> None:
    client = ApiClient.objects.create(name=f"shop{unique()}")
    path = reverse("admin:orders_apiclient_change", args=[client.pk])
    assert viewer.client.post(path, {"issue_key": "on", **NO_KEYS}).status_code == 403
    assert not client.keys.exists()
