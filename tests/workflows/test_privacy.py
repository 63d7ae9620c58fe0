"""Names, e-mail addresses and streets stay in PostgreSQL: nothing of them reaches Temporal, not even in failures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.converter import PayloadConverter

from orders.lifecycle import Status
from orders.models import Order
from stack.temporal import NAMESPACE, temporal_dev_server
from tests.conftest import both_workers, unique
from tests.factories import ADDRESS, an_order, reaches, request_command, settled
from tests.plugin import database_of_its_own
from workflows.failures import PrivateFailureConverter

CANARY = "zyxcanary"


def test_a_canary_in_an_order_is_nowhere_in_temporals_own_files(tmp_path: Path) -> None:
    with database_of_its_own(f"privacy{unique()}"), temporal_dev_server(tmp_path / "temporal") as address:
        settings = {
            "TEMPORAL_ADDRESS": address,
            "TEMPORAL_NAMESPACE": NAMESPACE,
            "MANUAL_REVIEW_TIMEOUT": "3600",
            "DATABASE_URL": os.environ["DATABASE_URL"],
        }
        with both_workers(tmp_path, **settings):
            order = reaches(canary_order(), Status.IN_REVIEW)
            moved = {"street": f"{CANARY} Rd 2", "city": "Town", "country": "US"}
            settled(request_command(order, "update_address", args={"address": moved}, reason=f"{CANARY} moved"))
            settled(request_command(order, "update_address", args={"address": {"street": CANARY}}))
            settled(request_command(order, "approve"))
            reaches(order, Status.DELIVERED)
        history = show(address, f"order-{order.pk}") + show(address, f"shipping-{order.pk}")
    assert str(order.pk) in history
    assert CANARY not in history.lower()
    for file in (tmp_path / "temporal").iterdir():
        assert CANARY.encode() not in file.read_bytes().lower(), file.name


def canary_order() -> Order:
    address = ADDRESS.__class__(street=f"1 {CANARY} St", city="Town", state="CA", country="US")
    email = f"{CANARY}{unique()}@example.com"
    return an_order(customer_name=f"{CANARY} Doe", customer_email=email, address=address)


def show(address: str, workflow_id: str) -> str:
    temporal = str(Path(sys.executable).with_name("temporal"))
    where = ["-w", workflow_id, "--address", address, "-n", NAMESPACE, "-o", "json"]
    command = [temporal, "workflow", "show", *where]
    described = [temporal, "workflow", "describe", *where]
    return "".join(
        subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
        for arguments in (command, described)
    )


@pytest.mark.parametrize("cause", ["", CANARY])
def test_a_failure_leaves_as_its_class_name_and_a_log_reference(cause: str, caplog: pytest.LogCaptureFixture) -> None:
    failure = Failure()
    PrivateFailureConverter().to_failure(failing(cause), PayloadConverter.default, failure)
    assert CANARY not in str(failure)
    assert failure.message.startswith("KeyError, log reference ")
    assert failure.message.rpartition(" ")[2] in caplog.text


def failing(cause: str) -> BaseException:
    error = KeyError(CANARY)
    if cause:
        error.__cause__ = ValueError(cause)
    return error
