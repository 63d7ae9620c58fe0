"""An order that is split: each shipment has a workflow of its own, on real workers."""

from collections.abc import Iterator
from typing import Any

import pytest

from orders.lifecycle import Status
from orders.models import Order
from orders.services.orders.placement import NewItem
from tests.factories import an_order, kinds, reaches, request_command, settled
from tests.gates import gateway_busy
from tests.workflows.skipping import Server, skipping_server

pytestmark = pytest.mark.usefixtures("server")
ITEMS = [NewItem(sku="LAMP", quantity=2, unit_price=4000), NewItem(sku="SHADE", quantity=1, unit_price=1999)]
THE_SHADE = [{"position": 2, "quantity": 1}]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with skipping_server(MANUAL_REVIEW_TIMEOUT=0, PAYMENT_PROCESSING_DELAY=0, SHIPPING_DELAY=0) as server:
        yield server


def applied(order: Order, kind: str, **args: Any) -> None:
    row = settled(request_command(order, kind, args=args))
    assert row.state == "applied", row.outcome


def test_shipments_that_people_fulfil_end_delivered_one_after_the_other() -> None:
    order = reaches(an_order(items=ITEMS, fulfilment="manual"), Status.PAID)
    applied(order, "split_shipment", items=THE_SHADE)
    for number, status in ((2, Status.PARTLY_SHIPPED), (1, Status.SHIPPED)):
        for kind in ("pick", "pack", "ship"):
            applied(order, kind, shipment=number)
        reaches(order, status)
    applied(order, "deliver", shipment=1)
    applied(order, "deliver", shipment=2)
    reaches(order, Status.DELIVERED)


def test_a_split_order_is_shipped_in_two_parcels_by_itself() -> None:
    with gateway_busy("payments"):
        order = reaches(an_order(items=ITEMS), Status.CHARGING)
        applied(order, "hold")
    reaches(order, Status.PAID)
    applied(order, "split_shipment", items=THE_SHADE)
    applied(order, "release")
    reaches(order, Status.DELIVERED)
    assert [parcel.state for parcel in order.shipments.all()] == ["delivered", "delivered"]
    assert kinds("carrier", order) == ["label", "label"]
