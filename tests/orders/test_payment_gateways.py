"""What every payment gateway keeps to, whatever lies between it and us: the contract of `PaymentGateway`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orders.errors import CaptureRefused, GatewayUnavailable, RefundRefused
from orders.gateways.payments.protocol import GatewayPayment, PaymentResult
from tests.conftest import unique
from tests.orders.gateway_worlds import GatewayWorld, world

GATEWAYS = ["simulated", "simulated_http", "stripe"]
# Two, no and three decimals (ISO 4217), and one that Stripe counts otherwise than ISO 4217.
AMOUNTS = [(1990, "USD"), (500, "JPY"), (12_340, "KWD"), (700, "ISK")]
A_DAY_LATER = timedelta(hours=25)


@pytest.fixture(params=GATEWAYS)
def it(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GatewayWorld]:
    with world(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=["simulated_http", "stripe"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GatewayWorld]:
    """Those with a network between, on which an answer can be lost."""
    with world(request.param, tmp_path) as made:
        yield made


def known(it: GatewayWorld, request: object) -> GatewayPayment:
    found = it.gateway.look_up(request)  # type: ignore[arg-type]
    assert found
    return found


@pytest.mark.parametrize(("amount", "currency"), AMOUNTS)
def test_it_charges_once_however_often_it_is_asked(it: GatewayWorld, amount: int, currency: str) -> None:
    request = it.created(it.request(amount, currency), capture=True)
    first = it.gateway.purchase(request)
    assert (first.result, first.captured, first.amount, first.currency) == ("captured", amount, amount, currency)
    assert it.gateway.purchase(request) == first
    assert [entry for entry in it.booked() if entry[0] == "capture"] == [("capture", it.in_units(amount, currency))]


@pytest.mark.parametrize(("amount", "currency"), AMOUNTS)
def test_it_captures_an_authorisation_once(it: GatewayWorld, amount: int, currency: str) -> None:
    request = it.created(it.request(amount, currency), capture=False)
    authorised = it.gateway.authorise(request)
    assert (authorised.result, authorised.authorised, authorised.captured) == ("authorised", amount, 0)
    assert authorised.authorised_until is not None
    assert authorised.authorised_until > datetime.now(UTC)
    key = unique()
    captured = it.gateway.capture(request, key=key, amount=amount)
    assert (captured.result, captured.captured) == (PaymentResult.CAPTURED, amount)
    assert it.gateway.capture(request, key=key, amount=amount) == captured
    assert it.booked()[-1] == ("capture", it.in_units(amount, currency))
    assert len(it.booked()) == 2


def test_it_captures_a_part_and_releases_the_rest_or_keeps_it_for_another_capture(it: GatewayWorld) -> None:
    request = it.authorised(1990)
    part = it.gateway.capture(request, key=unique(), amount=990)
    several = it.gateway.capabilities.several_captures
    assert (part.result, part.captured, part.authorised) == (PaymentResult.CAPTURED, 990, 1000 if several else 0)
    if several:
        assert it.gateway.capture(request, key=unique(), amount=1000).captured == 1990
    with pytest.raises(CaptureRefused):
        it.gateway.capture(request, key=unique(), amount=1)


def test_it_captures_no_more_than_was_authorised(it: GatewayWorld) -> None:
    request = it.authorised(1990)
    with pytest.raises(CaptureRefused):
        it.gateway.capture(request, key=unique(), amount=1991)
    assert known(it, request).captured == 0


def test_it_captures_nothing_after_a_void(it: GatewayWorld) -> None:
    request = it.authorised(1990)
    assert it.gateway.void(request).result is PaymentResult.CANCELLED
    assert it.gateway.void(request).result is PaymentResult.CANCELLED
    with pytest.raises(CaptureRefused):
        it.gateway.capture(request, key=unique(), amount=1990)
    assert "capture" not in dict(it.booked())


def test_it_captures_nothing_of_an_authorisation_that_lapsed(it: GatewayWorld) -> None:
    request = it.authorised(1990, method=it.lapsed)
    it.pass_time(timedelta(days=8))
    with pytest.raises(CaptureRefused):
        it.gateway.capture(request, key=unique(), amount=1990)
    assert known(it, request).result is PaymentResult.EXPIRED


def test_a_payment_that_was_voided_before_it_was_made_charges_nothing(it: GatewayWorld) -> None:
    request = it.created(it.request(), capture=True)
    assert it.gateway.void(request).result is PaymentResult.CANCELLED
    assert it.gateway.purchase(request).result is PaymentResult.CANCELLED
    assert it.booked() == []


def test_a_void_of_what_was_captured_says_so(it: GatewayWorld) -> None:
    request = it.purchased(1990)
    assert (it.gateway.void(request).result, known(it, request).captured) == (PaymentResult.CAPTURED, 1990)


def test_it_declines_and_says_why(it: GatewayWorld) -> None:
    request = it.created(it.request(method=it.declined), capture=True)
    for _ in range(2):
        declined = it.gateway.purchase(request)
        assert (declined.result, declined.captured) == (PaymentResult.DECLINED, 0)
        assert declined.reason == "The card was declined."
        assert declined.code in ("card_declined", "generic_decline")
    assert it.gateway.void(request).result is PaymentResult.DECLINED


@pytest.mark.parametrize(("amount", "currency"), AMOUNTS)
def test_it_refunds_once_under_a_key_and_several_times_in_all(it: GatewayWorld, amount: int, currency: str) -> None:
    request, key, part = it.purchased(amount, currency), unique(), amount // 4 // 10 * 10
    references = {it.gateway.refund(request, key=key, amount=part) for _ in range(2)}
    references.add(it.gateway.refund(request, key=unique(), amount=part))
    assert (len(references), known(it, request).refunded) == (2, 2 * part)
    assert [entry for entry in it.booked() if entry[0] == "refund"] == [("refund", it.in_units(part, currency))] * 2


def test_it_refunds_no_more_than_was_captured(it: GatewayWorld) -> None:
    request = it.purchased(1990)
    it.gateway.refund(request, key=unique(), amount=1000)
    with pytest.raises(RefundRefused):
        it.gateway.refund(request, key=unique(), amount=991)
    it.gateway.refund(request, key=unique(), amount=990)
    with pytest.raises(RefundRefused):
        it.gateway.refund(request, key=unique(), amount=1)


def test_it_lists_every_payment_since_a_moment(it: GatewayWorld) -> None:
    moment = datetime.now(UTC) - timedelta(minutes=1)
    before = {found.key for found in it.gateway.payments_since(moment)}
    paid, declined = it.purchased(1990), it.created(it.request(method=it.declined), capture=True)
    it.gateway.purchase(declined)
    it.gateway.refund(paid, key=unique(), amount=90)
    listed = {found.key: found for found in it.gateway.payments_since(moment)}
    assert set(listed) - before == {paid.key, declined.key}
    assert listed[paid.key] == known(it, paid)
    assert (listed[paid.key].refunded, listed[declined.key].result) == (90, PaymentResult.DECLINED)
    assert listed[paid.key].order_id == paid.order_id
    assert list(it.gateway.payments_since(datetime.now(UTC) + timedelta(minutes=1))) == []


def test_it_knows_nothing_of_a_payment_that_was_never_made(it: GatewayWorld) -> None:
    assert it.gateway.look_up(it.request()) is None


def test_a_token_of_unknown_form_is_not_supported(it: GatewayWorld) -> None:
    assert (it.gateway.supports(it.ok), it.gateway.supports("4111")) == (True, False)


@pytest.mark.parametrize("call", ["purchase", "authorise", "void"])
@pytest.mark.parametrize("later", [timedelta(), A_DAY_LATER])
def test_a_call_whose_answer_was_lost_is_repeated_without_another_effect(
    far: GatewayWorld, call: str, later: timedelta
) -> None:
    request = far.created(far.request(1990), capture=call == "purchase")
    if call == "void":
        far.gateway.authorise(request)
    make = getattr(far.gateway, call)
    with far.answer_lost(call), pytest.raises(GatewayUnavailable):
        make(request)
    far.pass_time(later)
    wanted = {"purchase": "captured", "authorise": "authorised", "void": "cancelled"}[call]
    assert make(request).result == wanted
    kinds = [kind for kind, _ in far.booked()]
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize("call", ["capture", "refund"])
@pytest.mark.parametrize("later", [timedelta(), A_DAY_LATER])
def test_so_is_one_under_a_key_of_its_own(far: GatewayWorld, call: str, later: timedelta) -> None:
    request, key = (far.authorised(1990) if call == "capture" else far.purchased(1990)), unique()
    make = getattr(far.gateway, call)
    with far.answer_lost(call), pytest.raises(GatewayUnavailable):
        make(request, key=key, amount=1000)
    far.pass_time(later)
    make(request, key=key, amount=1000)
    assert [kind for kind, _ in far.booked()].count(call) == 1
    assert getattr(known(far, request), f"{call}ed" if call == "refund" else "captured") == 1000
