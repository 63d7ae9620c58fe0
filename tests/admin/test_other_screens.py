from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.lifecycle import Status
from orders.models import ApiClient, ApiKey, BlockedCustomer, Order
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order_in, command

INDEX = reverse("admin:index")
COMMANDS = reverse("admin:orders_command_changelist")


def test_it_counts_on_the_dashboard_what_needs_a_person_and_links_it(desk: Desk) -> None:
    an_order_in(Status.IN_REVIEW)
    page = desk.get(INDEX)
    assert f"{reverse('admin:orders_order_changelist')}?status__exact=in_review" in page
    assert f"<strong>{Order.objects.filter(status=Status.IN_REVIEW).count()}</strong>" in page
    assert "oldest" in page


def test_it_reads_the_dashboards_piles_in_two_queries(desk: Desk) -> None:
    an_order_in(Status.IN_REVIEW)
    with CaptureQueriesContext(connection) as queries:
        desk.get(INDEX)
    assert len([query for query in queries if 'FROM "orders"' in query["sql"]]) == 2


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
