"""The box on every page that leads to an order."""

import pytest
from django.urls import reverse

from orders.lifecycle import Status
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order, an_order_in

GO = reverse("admin:orders_order_go")


@pytest.mark.parametrize("page", ["index", "orders_order_changelist", "orders_command_changelist"])
def test_it_stands_on_every_page(desk: Desk, page: str) -> None:
    assert f'action="{GO}"' in desk.get(reverse(f"admin:{page}"))


def test_it_is_not_offered_to_who_may_not_see_orders(outsider: Desk) -> None:
    assert f'action="{GO}"' not in outsider.get(reverse("admin:index"))


@pytest.mark.parametrize("how", ["code", "as read out", "id", "link", "reference", "tracking"])
def test_it_leads_to_the_order(desk: Desk, how: str) -> None:
    order = an_order_in(Status.SHIPPED, reference=f"Shop-{unique()}")
    typed = {
        "code": order.code,
        "as read out": order.code.lower().replace("-", ""),
        "id": str(order.pk),
        "link": f"https://shop.example/admin/orders/order/{order.pk}/",
        "reference": str(order.reference).upper(),
        "tracking": order.shipments.get().tracking_number,
    }[how]
    answer = desk.client.get(GO, {"q": f" {typed} "})
    assert answer.headers["location"] == reverse("admin:orders_order_change", args=[order.pk])


def test_it_leads_to_the_list_where_several_are_meant(desk: Desk) -> None:
    order = an_order(reference=f"Shop-{unique()}-A")
    answer = desk.client.get(GO, {"q": str(order.reference).removesuffix("A")})
    assert answer.headers["location"].startswith(reverse("admin:orders_order_changelist") + "?q=")


@pytest.mark.parametrize("text", ["", "/", "'", "x" * 5000])
def test_it_takes_whatever_is_typed(desk: Desk, text: str) -> None:
    assert "Orders" in desk.client.get(GO, {"q": text}, follow=True).content.decode()
