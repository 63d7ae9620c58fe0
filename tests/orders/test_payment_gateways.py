"""What every payment gateway keeps to, whatever lies between it and us: the contract of `PaymentGateway`."""

import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orders.errors import GatewayUnavailable, RefundRefused
from orders.gateways.payments.http import HttpPayments
from orders.gateways.payments.protocol import Charge, ChargeResult, PaymentGateway
from orders.gateways.payments.simulated import SimulatedPayments
from orders.gateways.payments.simulated_server import GatewayServer
from stack.ports import HOST, free_port
from tests.conftest import Served, eventually, unique
from tests.faults.proxy import Mode, Proxy

TIMEOUT = 0.5


@pytest.fixture
def served(tmp_path: Path) -> Iterator[int]:
    """The port of the simulated gateway's server."""
    with GatewayServer((HOST, 0), SimulatedPayments(tmp_path, timeout=TIMEOUT)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(params=["simulated", "simulated_http"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> PaymentGateway:
    if request.param == "simulated":
        return SimulatedPayments(tmp_path, timeout=TIMEOUT)
    return HttpPayments(f"http://{HOST}:{request.getfixturevalue('served')}", timeout=TIMEOUT)


def capture(gateway: PaymentGateway, key: str, method: str = "tok_ok") -> Charge:
    return gateway.capture(key=key, order_id="o", amount=999, currency="USD", method=method)


def booked(directory: Path) -> list[str]:
    """The kinds of what stands in the gateway's ledger."""
    return [json.loads(line)["kind"] for line in (directory / "payments.jsonl").read_text().splitlines()]


def test_it_charges_once_under_a_key_and_gives_the_first_answer_again(gateway: PaymentGateway, tmp_path: Path) -> None:
    key = unique()
    first = capture(gateway, key)
    assert (first.result, bool(first.reference)) == (ChargeResult.CAPTURED, True)
    assert capture(gateway, key) == first
    assert booked(tmp_path) == ["capture"]


def test_of_many_calls_at_once_under_a_key_one_charges(gateway: PaymentGateway, tmp_path: Path) -> None:
    key = unique()
    with ThreadPoolExecutor(8) as callers:
        answers = set(callers.map(lambda _: capture(gateway, key), range(8)))
    assert len(answers) == 1
    assert booked(tmp_path) == ["capture"]


def test_it_declines_and_says_why(gateway: PaymentGateway) -> None:
    declined = capture(gateway, unique(), "tok_declined")
    assert (declined.result, declined.reason) == (ChargeResult.DECLINED, "The card was declined.")


def test_a_key_that_was_closed_charges_nothing_any_more(gateway: PaymentGateway, tmp_path: Path) -> None:
    key = unique()
    assert gateway.cancel(key=key, order_id="o").result is ChargeResult.CANCELLED
    assert capture(gateway, key).result is ChargeResult.CANCELLED
    assert "capture" not in booked(tmp_path)


def test_closing_a_key_that_charged_says_so(gateway: PaymentGateway) -> None:
    key = unique()
    charge = capture(gateway, key)
    assert gateway.cancel(key=key, order_id="o") == charge


def test_it_refunds_once_under_a_key(gateway: PaymentGateway, tmp_path: Path) -> None:
    charge, key = capture(gateway, unique()), unique()
    references = {
        gateway.refund(key=key, order_id="o", reference=charge.reference, amount=500, currency="USD") for _ in range(2)
    }
    assert len(references) == 1
    assert booked(tmp_path) == ["capture", "refund"]


def test_it_says_of_a_refund_that_it_never_will(gateway: PaymentGateway) -> None:
    charge = capture(gateway, unique(), "tok_refund_refused")
    with pytest.raises(RefundRefused, match="refuses to refund"):
        gateway.refund(key=unique(), order_id="o", reference=charge.reference, amount=1, currency="USD")


def test_an_outage_leaves_nothing_behind(gateway: PaymentGateway, tmp_path: Path) -> None:
    (tmp_path / "outage").touch()
    with pytest.raises(GatewayUnavailable):
        capture(gateway, unique(), "tok_outage")
    (tmp_path / "outage").unlink()
    assert capture(gateway, unique(), "tok_outage").result is ChargeResult.CAPTURED
    assert booked(tmp_path) == ["capture"]


def test_a_lost_answer_is_given_up_in_time_and_given_again(gateway: PaymentGateway, tmp_path: Path) -> None:
    key = unique()
    with pytest.raises(GatewayUnavailable):
        capture(gateway, key, "tok_lost_response")
    assert capture(gateway, key, "tok_lost_response").result is ChargeResult.CAPTURED
    assert booked(tmp_path) == ["capture"]


def test_a_slow_charge_that_we_gave_up_lands_and_is_answered_when_it_is_asked_for_again(
    served: int, tmp_path: Path
) -> None:
    gateway, key = HttpPayments(f"http://{HOST}:{served}", timeout=TIMEOUT), unique()
    with pytest.raises(GatewayUnavailable):
        capture(gateway, key, "tok_slow")
    eventually((tmp_path / "payments.jsonl").exists)
    assert capture(gateway, key, "tok_slow").result is ChargeResult.CAPTURED
    assert booked(tmp_path) == ["capture"]


def test_a_token_of_unknown_form_is_not_supported(gateway: PaymentGateway) -> None:
    assert (gateway.supports("tok_ok"), gateway.supports("4111")) == (True, False)


@pytest.mark.parametrize("mode", [Mode.BLACKHOLE, Mode.DROP_ANSWERS, Mode.REFUSE, Mode.DELAY])
def test_whatever_the_network_does_the_outcome_is_unknown_until_it_is_asked_for_again(served: int, mode: Mode) -> None:
    proxy, key = Proxy(served), unique()
    gateway = HttpPayments(f"http://{HOST}:{proxy.port}", timeout=TIMEOUT)
    proxy.mode, proxy.delay = mode, TIMEOUT * 2
    with pytest.raises(GatewayUnavailable):
        capture(gateway, key)
    proxy.mode = Mode.PASS
    proxy.reset()
    assert capture(gateway, key).result is ChargeResult.CAPTURED
    proxy.close()


def test_nobody_there_is_an_outage() -> None:
    with pytest.raises(GatewayUnavailable, match="gave no answer"):
        capture(HttpPayments(f"http://{HOST}:{free_port()}", timeout=TIMEOUT), unique())


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    port = free_port()
    environment = {"SIMULATED_DIR": str(tmp_path)}
    arguments = [sys.executable, "manage.py", "run_simulated_gateway", "--port", str(port)]
    server = Served(arguments, tmp_path / "log", **environment)
    server.ready("is ready")
    assert capture(HttpPayments(f"http://{HOST}:{port}", timeout=5), unique()).result is ChargeResult.CAPTURED
    assert (server.stop(), booked(tmp_path)) == (0, ["capture"])
