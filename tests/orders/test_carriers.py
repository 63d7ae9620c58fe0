"""Which carrier takes which parcel, and the carriers as rows."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from orders.carriers import CarrierOffer, carrier_for, filled_link
from orders.lifecycle import Status
from orders.models import Carrier, CarrierService, Order
from orders.models.carriers import carrier_name, known_carriers, tracking_link
from orders.selectors import offers
from orders.services.commands.settle import begin
from tests.conftest import unique
from tests.factories import an_order

POST = CarrierOffer(code="post", name="Post", service_level="standard", max_weight=1000, min_days=2, max_days=5)
TO_DE = CarrierOffer(
    code="de", name="DE", service_level="express", max_weight=500, countries=frozenset({"DE"}), min_days=1, max_days=2
)
HEAVY = CarrierOffer(code="heavy", name="Heavy", service_level="standard", max_weight=9000, min_days=4, max_days=8)


@pytest.mark.parametrize(
    ("weight", "country", "level", "takes"),
    [
        (1000, "US", "standard", POST),
        (1001, "US", "standard", HEAVY),
        (9001, "US", "standard", None),
        (500, "DE", "express", TO_DE),
        (500, "US", "express", None),
        (501, "DE", "express", None),
        (1, "DE", "overnight", None),
    ],
)
def test_the_first_offer_that_takes_the_weight_the_country_and_the_level_gets_the_parcel(
    weight: int, country: str, level: str, takes: CarrierOffer | None
) -> None:
    assert carrier_for([POST, TO_DE, HEAVY], weight=weight, country=country, service_level=level) == takes


def test_a_tracking_link_has_the_number_quoted_and_needs_both() -> None:
    assert filled_link("https://c.example/{number}", "A/1 ?") == "https://c.example/A%2F1%20%3F"
    assert (filled_link("", "A1"), filled_link("https://c.example/{number}", "")) == ("", "")


@pytest.mark.parametrize(
    ("weight", "level", "code", "days"),
    [
        (20_000, "standard", "parcelpost", (2, 5)),
        (20_001, "standard", "swiftline", (2, 4)),
        (31_501, "standard", "heavyhaul", (4, 8)),
        (1, "express", "swiftline", (1, 2)),
        (31_501, "express", "heavyhaul", (2, 4)),
    ],
)
def test_a_new_database_has_the_three_carriers(weight: int, level: str, code: str, days: tuple[int, int]) -> None:
    offer = offers.carrier_for(weight=weight, country="US", service_level=level)
    assert offer
    assert (offer.code, offer.min_days, offer.max_days) == (code, *days)
    assert offers.carrier_for(weight=2_000_001, country="US", service_level=level) is None


@pytest.fixture
def van() -> Iterator[Carrier]:
    """A carrier of one's own, last in preference, with the level `van` to Austria."""
    carrier = Carrier.objects.create(code=f"van-{unique().lower()}", name=f"Own van {unique()}")
    CarrierService.objects.create(
        carrier=carrier, service_level="van", max_weight=5000, countries=["AT"], min_days=1, max_days=1
    )
    yield carrier
    carrier.delete()


def test_a_saved_carrier_counts_at_once_and_an_inactive_one_keeps_its_name(van: Carrier) -> None:
    assert offers.level_exists("van")
    assert offers.carrier_for(weight=1, country="US", service_level="van") is None
    van.is_active, van.tracking_link = False, "https://van.example/{number}"
    van.save()
    assert not offers.level_exists("van")
    assert carrier_name(van.code) == van.name
    assert tracking_link(van.name.upper(), "7") == "https://van.example/7"


def test_an_order_for_a_country_that_its_level_does_not_reach_is_invalid(van: Carrier) -> None:
    assert van.is_active
    order = an_order(service_level="van")
    begin(order.pk)
    assert Order.objects.get(pk=order.pk).status == Status.INVALID
    assert order.events.get(type="validation_failed").data == {"codes": ["no_carrier"]}


def test_carriers_are_read_once_in_a_while() -> None:
    known_carriers()
    with CaptureQueriesContext(connection) as sent:
        for _ in range(100):
            offers.carrier_for(weight=1, country="US", service_level="standard")
            carrier_name("parcelpost")
    assert len(sent) <= 1


@pytest.mark.parametrize("link", ["http://c.example/{number}", "https://c.example/", "javascript:{number}"])
def test_a_tracking_link_is_https_and_names_the_number(link: str) -> None:
    with pytest.raises(ValidationError):
        Carrier(code="c", name="C", tracking_link=link).clean()
    with pytest.raises(IntegrityError):
        Carrier.objects.create(code=unique(), name="C", tracking_link=link)


@pytest.mark.parametrize(
    ("level", "countries", "says"), [("sim_x", [], "simulated carrier"), ("standard", ["XX"], "Not a country code: XX")]
)
def test_a_service_names_countries_by_code_and_no_simulated_level(level: str, countries: list[str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        CarrierService(service_level=level, countries=countries).clean()
