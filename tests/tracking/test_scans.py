"""What a customer reads of scans on the way."""

import pytest

from orders.lifecycle import Status
from tests.factories import an_order_in
from tests.orders.test_scans import scanned
from tests.tracking.conftest import Follow
from tests.tracking.test_page import page_of


@pytest.mark.parametrize(
    ("locale", "says"),
    [("en", "Out for delivery"), ("de", "In Zustellung"), ("es", "En reparto"), ("fr", "En cours de livraison")],
)
def test_the_customer_reads_that_the_parcel_is_out_for_delivery(customer: Follow, locale: str, says: str) -> None:
    order = an_order_in(Status.SHIPPED, locale=locale)
    scanned(order, "out_for_delivery")
    assert says in customer(order).get(page_of(order)).text
