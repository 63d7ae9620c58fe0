"""What the list of orders costs, in statements and templates, however many orders stand on it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.models import ApiClient
from orders.services.staff.api_keys import create_api_key
from tests.admin.conftest import Desk, a_user
from tests.conftest import unique
from tests.factories import an_order
from tests.templates_rendered import templates

LIST = reverse("admin:orders_order_changelist")
# Session, person, saved views, clients, count, orders, what is open of them, changed addresses.
STATEMENTS = 8


@pytest.fixture
def desk() -> Desk:
    return Desk(a_user(is_superuser=True))


def test_it_sends_eight_statements_and_renders_no_template_for_a_row(desk: Desk) -> None:
    create_api_key(name := f"shop {unique()}")
    shop, counts = ApiClient.objects.get(name=name), list[int]()
    for orders in (1, 13):
        while shop.orders.count() < orders:
            an_order(client=shop)
        with CaptureQueriesContext(connection) as sent, templates() as rendered:
            page = desk.get(LIST, client=str(shop.pk))
        assert page.count('class="action-select"') == page.count('class="field-code"') == orders
        assert len(sent) == STATEMENTS, [query["sql"][:150] for query in sent]
        counts.append(len(rendered))
    assert counts[0] == counts[1]


def test_a_row_links_to_its_order_with_the_filters_of_the_list(desk: Desk) -> None:
    order = an_order(customer_name=f"Row {unique()}")
    page = desk.get(LIST, q=order.code)
    there = f"{reverse('admin:orders_order_change', args=[order.pk])}?_changelist_filters=q%3D{order.code}"
    assert f'<th class="field-code"><a href="{there}">{order.code}</a></th>' in page
