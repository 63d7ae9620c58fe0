"""What every carrier gateway keeps to, and that a label ends with the gateway that it was booked with."""

from pathlib import Path
from typing import Any

import pytest

from orders.errors import BookingRefused
from orders.gateways.carriers.manual import ManualCarrier
from orders.gateways.carriers.protocol import Carrier, Label
from orders.gateways.carriers.simulated import SimulatedCarrier
from orders.lifecycle import Status
from orders.services.fulfilment import labels
from tests.conftest import unique
from tests.factories import an_order_in, command, kinds


@pytest.fixture(params=[SimulatedCarrier.name, ManualCarrier.name])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Carrier:
    if request.param == ManualCarrier.name:
        return ManualCarrier()
    return SimulatedCarrier(tmp_path, timeout=0.1)


def booked(gateway: Carrier, key: str) -> Label | None:
    """The label under this key; None: the gateway books none."""
    parcel = {"carrier": "parcelpost", "service_level": "standard", "weight": 500, "address": {"city": "Anytown"}}
    try:
        return gateway.book(key=key, order_id="1", **parcel)  # type: ignore[arg-type] # each has its own type
    except BookingRefused:
        return None


def test_a_booking_repeated_under_its_key_gets_the_same_label(gateway: Carrier) -> None:
    key = unique()
    first = booked(gateway, key)
    assert booked(gateway, key) == first
    if first:
        assert first.tracking_number
        other = booked(gateway, unique())
        assert other
        assert other.tracking_number != first.tracking_number


def test_a_label_is_voided_once_and_for_all(gateway: Carrier) -> None:
    key = unique()
    first = booked(gateway, key)
    voided = gateway.void(key=key, order_id="1")
    assert voided.voided
    assert gateway.void(key=key, order_id="1").voided
    if first:
        assert voided.tracking_number == first.tracking_number


def test_a_key_that_was_voided_first_gets_no_label(gateway: Carrier) -> None:
    key = unique()
    assert gateway.void(key=key, order_id="1") == Label(voided=True)
    label = booked(gateway, key)
    assert label is None or (label.voided and not label.tracking_number)


def test_a_level_of_its_own_travels_as_one_of_the_carriers(gateway: Carrier) -> None:
    assert gateway.offered_level("express") == "express"
    assert not gateway.supports("express")
    assert gateway.supports("sim_slow") == (gateway.name == SimulatedCarrier.name)


def test_a_label_is_voided_where_it_was_booked_after_the_setting_changes(settings: Any) -> None:
    order = an_order_in(Status.PACKED)
    labels.book_label(order.pk)
    assert order.shipments.get().gateway == "simulated"
    settings.CARRIER = "manual"
    command(order, "cancel")
    labels.void_label(order.pk)
    assert kinds("carrier", order) == ["label", "void"]
    assert order.shipments.get().state == "voided"


def test_an_order_that_waits_for_a_label_is_not_shipped_with_one_that_is_made_up(settings: Any) -> None:
    order = an_order_in(Status.PACKED)
    settings.CARRIER = "manual"
    labels.book_label(order.pk)
    order.refresh_from_db()
    assert (order.status, order.shipments.get().gateway) == (Status.SHIPPING_FAILED, "manual")
    assert kinds("carrier", order) == []


def test_simulated_service_levels_are_unknown_without_the_simulated_carrier(settings: Any) -> None:
    settings.CARRIER = "manual"
    order = an_order_in(Status.INVALID, service_level="sim_slow")
    assert order.events.get(type="validation_failed").data == {"codes": ["service_level_unknown"]}
