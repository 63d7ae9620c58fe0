"""What a customer sees of a parcel that people hand over: what somebody named of it, and nothing invented."""

import html
import re

import pytest

from orders.lifecycle import Status
from tests.factories import an_order_in, handed_over
from tests.tracking.conftest import Follow
from tests.tracking.test_page import page_of


@pytest.mark.usefixtures("tracked_parcelpost")
@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"carrier": "parcelpost", "tracking_number": "V 1/?"}, "Parcel Post, tracking number V 1/?"),
        ({"carrier": "parcel POST", "tracking_number": "V 1/?"}, "Parcel Post, tracking number V 1/?"),
        ({"carrier": "Own <van>"}, "Own <van>"),
        ({"tracking_number": "V1"}, "tracking number V1"),
        ({}, ""),
    ],
)
def test_a_parcel_that_people_handed_over_shows_what_they_named(
    customer: Follow, named: dict[str, str], says: str
) -> None:
    order = handed_over(**named)
    page = customer(order).get(page_of(order)).text
    (shown,) = re.findall(r'<p class="parcel">(.*?)</p>', page)
    assert html.unescape(re.sub("<.*?>", "", shown)) == says
    assert ('href="https://carrier.example/?n=V%201%2F%3F"' in shown) == (
        "carrier" in named and "tracking_number" in named
    )


def test_no_days_are_named_for_a_carrier_that_people_have_yet_to_choose(customer: Follow) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    page = customer(order).get(page_of(order)).text
    assert "working days" not in page
    assert "Until the parcel is with the carrier. Free of charge." in page
