"""The order worker reconciles payments once a day, in one of all workers."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import Payment, PaymentDiscrepancy
from orders.services.payments.reconciliation import LEAD
from tests.conftest import ledgers_of_its_own, unique
from tests.factories import an_order_in
from tests.plugin import database_of_its_own
from workflows.client import connect
from workflows.payment_reconciliation import PaymentReconciliationLoop
from workflows.worker import order_processes


@pytest.fixture(scope="module", autouse=True)
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A database and a ledger of this module's own."""
    with database_of_its_own(f"daily{unique()}"), ledgers_of_its_own(tmp_path_factory.mktemp("reconciled")):
        yield


def one_round() -> int | None:
    async def run() -> int | None:
        loop = PaymentReconciliationLoop()
        try:
            return await loop.round()
        finally:
            await loop.close()

    return asyncio.run(run())


def test_a_round_names_what_differs() -> None:
    payment = an_order_in(Status.PAID).payments.get()
    hour_ago = timezone.now() - timedelta(hours=1)
    Payment.objects.filter(pk=payment.pk).update(
        amount=payment.amount + 1, captured=payment.amount + 1, updated_at=hour_ago
    )
    assert one_round() == 1
    assert PaymentDiscrepancy.objects.get(payment=payment).kind == PaymentDiscrepancy.Kind.AMOUNT_DIFFERS


def test_one_worker_at_a_time_does_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LEAD])
        assert one_round() is None
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LEAD])
    assert one_round() is not None


def test_the_order_worker_runs_it(temporal: str) -> None:
    async def loops() -> list[Any]:
        return [one for one in order_processes(await connect()) if isinstance(one, PaymentReconciliationLoop)]

    assert (len(asyncio.run(loops())), settings.TEMPORAL_ADDRESS) == (1, temporal)
