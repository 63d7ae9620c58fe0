"""What every carrier gateway keeps to, and that a label ends with the gateway that it was booked with."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orders.errors import BookingRefused, GatewayUnavailable
from orders.gateways.carriers.configured import carrier_gateway_named
from orders.gateways.carriers.manual import ManualCarrier
from orders.gateways.carriers.protocol import Carrier, Label
from orders.gateways.carriers.simulated import SimulatedCarrier
from orders.gateways.carriers.webhook import WebhookCarrier
from orders.lifecycle import Status
from orders.services.fulfilment import labels
from tests.conftest import unique
from tests.doubles.label_service import LabelService, Mode, label_service
from tests.factories import an_order_in, command, kinds

SECRET = "whsec_" + base64.b64encode(b"a secret of the label service").decode()


@pytest.fixture
def service() -> Iterator[LabelService]:
    with label_service(SECRET) as started:
        yield started


def asking(service: LabelService, *, secret: str = SECRET) -> WebhookCarrier:
    return WebhookCarrier(service.url, secret, timeout=2, allow_private=True)


@pytest.fixture(params=[SimulatedCarrier.name, ManualCarrier.name, WebhookCarrier.name])
def gateway(request: pytest.FixtureRequest, tmp_path: Path, service: LabelService) -> Carrier:
    if request.param == WebhookCarrier.name:
        return asking(service)
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


@pytest.mark.parametrize("mode", [Mode.LATER, Mode.LOST])
def test_a_label_that_comes_later_or_whose_answer_was_lost_is_the_one_of_its_key(
    service: LabelService, mode: Mode
) -> None:
    service.mode, key = mode, unique()
    with pytest.raises(GatewayUnavailable):
        booked(asking(service), key)
    label = booked(asking(service), key)
    assert label
    assert service.numbers == {key: label.tracking_number}


def test_a_refusal_says_why(service: LabelService) -> None:
    service.mode = Mode.REFUSES
    with pytest.raises(BookingRefused, match="Too long"):
        asking(service).book(
            key=unique(), order_id="1", carrier="parcelpost", service_level="standard", weight=1, address={}
        )


def test_an_outage_and_a_wrong_secret_leave_nothing_behind(service: LabelService) -> None:
    wrong = "whsec_" + base64.b64encode(b"another secret of the service").decode()
    with pytest.raises(GatewayUnavailable, match="401"):
        booked(asking(service, secret=wrong), unique())
    service.mode = Mode.DOWN
    with pytest.raises(GatewayUnavailable, match="503"):
        booked(asking(service), unique())
    assert service.numbers == {}


def test_an_order_gets_the_label_of_the_service_and_voids_it_there(service: LabelService, settings: Any) -> None:
    settings.CARRIER, settings.CARRIER_WEBHOOK_URL, settings.CARRIER_WEBHOOK_SECRET = "webhook", service.url, SECRET
    settings.WEBHOOK_ALLOW_PRIVATE, service.mode = True, Mode.LATER
    carrier_gateway_named.cache_clear()
    order = an_order_in(Status.PACKED)
    with pytest.raises(GatewayUnavailable):
        labels.book_label(order.pk)
    assert order.shipments.get().state == "booking"
    labels.book_label(order.pk)
    parcel = order.shipments.get()
    assert (parcel.state, parcel.gateway) == ("booked", "webhook")
    assert service.numbers == {parcel.idempotency_key: parcel.tracking_number}
    command(order, "cancel")
    labels.void_label(order.pk)
    assert service.voided == {parcel.idempotency_key}
    carrier_gateway_named.cache_clear()
