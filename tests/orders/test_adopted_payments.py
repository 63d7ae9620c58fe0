"""Payments that we know by the gateway's reference alone: made on a checkout page, or by the shop's own checkout."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orders.errors import CaptureRefused, RefundRefused
from orders.gateways.payments.protocol import PaymentRequest, PaymentResult
from tests.conftest import unique
from tests.orders.gateway_worlds import GatewayWorld, world
from tests.orders.test_payment_gateways import GATEWAYS, known


@pytest.fixture(params=GATEWAYS)
def it(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GatewayWorld]:
    with world(request.param, tmp_path) as made:
        yield made


def adopted(it: GatewayWorld, made: PaymentRequest) -> PaymentRequest:
    """As we ask for it: under a key that the gateway has never seen, and without the customer's method."""
    return replace(made, key=unique(), method="", reference=known(it, made).reference)


def test_it_shows_a_payment_by_its_reference_with_the_key_that_it_was_made_with(it: GatewayWorld) -> None:
    made = it.purchased(1990)
    found = known(it, adopted(it, made))
    assert (found.result, found.key, found.captured) == (PaymentResult.CAPTURED, made.key, 1990)
    assert found == known(it, made)


def test_it_captures_it(it: GatewayWorld) -> None:
    request, key = adopted(it, it.authorised(1990)), unique()
    for _ in range(2):
        captured = it.gateway.capture(request, key=key, amount=1990)
        assert (captured.result, captured.captured) == (PaymentResult.CAPTURED, 1990)
    assert it.booked()[1:] == [("capture", 1990)]
    assert known(it, request).captured == 1990


def test_it_refunds_it(it: GatewayWorld) -> None:
    request, key = adopted(it, it.purchased(1990)), unique()
    assert it.gateway.refund(request, key=key, amount=990) == it.gateway.refund(request, key=key, amount=990)
    assert (known(it, request).refunded, [kind for kind, _ in it.booked()].count("refund")) == (990, 1)
    with pytest.raises(RefundRefused):
        it.gateway.refund(request, key=unique(), amount=1001)


def test_it_voids_it(it: GatewayWorld) -> None:
    request = adopted(it, it.authorised(1990))
    for _ in range(2):
        assert it.gateway.void(request).result is PaymentResult.CANCELLED
    with pytest.raises(CaptureRefused):
        it.gateway.capture(request, key=unique(), amount=1990)


def test_a_void_of_one_that_was_captured_says_so(it: GatewayWorld) -> None:
    assert it.gateway.void(adopted(it, it.purchased(1990))).result is PaymentResult.CAPTURED


def test_it_charges_nothing_for_one_that_is_captured_already(it: GatewayWorld) -> None:
    request = adopted(it, it.purchased(1990))
    before = it.booked()
    assert (it.gateway.purchase(request).result, it.booked()) == (PaymentResult.CAPTURED, before)


def test_it_authorises_nothing_for_one_that_is_authorised_already(it: GatewayWorld) -> None:
    request = adopted(it, it.authorised(1990))
    before = it.booked()
    assert (it.gateway.authorise(request).result, it.booked()) == (PaymentResult.AUTHORISED, before)
