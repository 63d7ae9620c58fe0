"""The simulated gateway's tokens, its network, and its process."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orders.errors import GatewayUnavailable, RefundRefused
from orders.gateways.payments.protocol import GatewayPayment, PaymentGateway, PaymentRequest, PaymentResult
from orders.gateways.payments.simulated import SimulatedPayments
from orders.gateways.payments.simulated_http import SimulatedHttpPayments
from stack.ports import HOST, free_port
from tests.conftest import TIMEOUT_SECONDS, Served, eventually, unique
from tests.faults.proxy import Mode, Proxy
from tests.orders.gateway_worlds import TIMEOUT, impatient, simulated_server


@pytest.fixture
def served(tmp_path: Path) -> Iterator[int]:
    """The port of the simulated gateway's server."""
    with simulated_server(tmp_path) as port:
        yield port


@pytest.fixture(params=["simulated", "simulated_http"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> PaymentGateway:
    if request.param == "simulated":
        return SimulatedPayments(tmp_path, timeout=TIMEOUT)
    return over_http(request.getfixturevalue("served"))


def over_http(port: int) -> SimulatedHttpPayments:
    """It waits for any answer that comes; see `impatient`."""
    return SimulatedHttpPayments(f"http://{HOST}:{port}", timeout=TIMEOUT_SECONDS)


def asked(key: str, method: str = "tok_ok") -> PaymentRequest:
    return PaymentRequest(key=key, order_id="o", amount=999, currency="USD", method=method)


def purchase(gateway: PaymentGateway, key: str, method: str = "tok_ok") -> GatewayPayment:
    return gateway.purchase(asked(key, method))


def booked(directory: Path) -> list[str]:
    """The kinds of what stands in the gateway's ledger."""
    return [json.loads(line)["kind"] for line in (directory / "payments.jsonl").read_text().splitlines()]


def test_of_many_calls_at_once_under_a_key_one_charges(gateway: PaymentGateway, tmp_path: Path) -> None:
    key = unique()
    with ThreadPoolExecutor(8) as callers:
        answers = set(callers.map(lambda _: purchase(gateway, key), range(8)))
    assert len(answers) == 1
    assert booked(tmp_path) == ["capture"]


def test_it_says_of_a_refund_that_it_never_will(gateway: PaymentGateway) -> None:
    paid = asked(unique(), "tok_refund_refused")
    gateway.purchase(paid)
    with pytest.raises(RefundRefused, match="refuses to refund"):
        gateway.refund(paid, key=unique(), amount=1)


def test_an_outage_leaves_nothing_behind(gateway: PaymentGateway, tmp_path: Path) -> None:
    (tmp_path / "outage").touch()
    with pytest.raises(GatewayUnavailable):
        purchase(gateway, unique(), "tok_outage")
    (tmp_path / "outage").unlink()
    assert purchase(gateway, unique(), "tok_outage").result is PaymentResult.CAPTURED
    assert booked(tmp_path) == ["capture"]


def test_a_lost_answer_is_given_up_in_time_and_given_again(gateway: PaymentGateway, tmp_path: Path) -> None:
    key = unique()
    with pytest.raises(GatewayUnavailable):
        purchase(gateway, key, "tok_lost_response")
    assert purchase(gateway, key, "tok_lost_response").result is PaymentResult.CAPTURED
    assert booked(tmp_path) == ["capture"]


def test_a_slow_charge_that_we_gave_up_lands_and_is_answered_when_it_is_asked_for_again(
    served: int, tmp_path: Path
) -> None:
    gateway, key = over_http(served), unique()
    with impatient(gateway), pytest.raises(GatewayUnavailable):
        purchase(gateway, key, "tok_slow")
    eventually((tmp_path / "payments.jsonl").exists)
    assert purchase(gateway, key, "tok_slow").result is PaymentResult.CAPTURED
    assert booked(tmp_path) == ["capture"]


@pytest.mark.parametrize("mode", [Mode.BLACKHOLE, Mode.DROP_ANSWERS, Mode.REFUSE, Mode.DELAY])
def test_whatever_the_network_does_the_outcome_is_unknown_until_it_is_asked_for_again(served: int, mode: Mode) -> None:
    proxy, key = Proxy(served), unique()
    gateway = over_http(proxy.port)
    proxy.mode, proxy.delay = mode, TIMEOUT * 2
    with impatient(gateway), pytest.raises(GatewayUnavailable):
        purchase(gateway, key)
    proxy.mode = Mode.PASS
    proxy.reset()
    assert purchase(gateway, key).result is PaymentResult.CAPTURED
    proxy.close()


def test_nobody_there_is_an_outage() -> None:
    with pytest.raises(GatewayUnavailable, match="gave no answer"):
        purchase(over_http(free_port()), unique())


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    port = free_port()
    environment = {"SIMULATED_DIR": str(tmp_path)}
    arguments = [sys.executable, "manage.py", "run_simulated_gateway", "--port", str(port)]
    server = Served(arguments, tmp_path / "log", **environment)
    server.ready("is ready")
    assert purchase(over_http(port), unique()).result is PaymentResult.CAPTURED
    assert (server.stop(), booked(tmp_path)) == (0, ["capture"])
