"""Made-up orders are as whole as real ones, and no worker touches them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Sum
from django.utils import timezone

from orders.lifecycle import FINAL, Status
from orders.models import Command, Event, Order, Payment, Refund, Shipment
from orders.selectors import recovery
from orders.services.outbox import claim_commands
from orders.services.seeding import copying
from tests.conftest import unique
from tests.plugin import database_of_its_own

SEEDED = 600


@pytest.fixture(scope="module", autouse=True)
def seeded() -> Iterator[None]:
    """A database of this module's own, with orders in it, in three batches that other processes make."""
    with database_of_its_own(f"seeded{unique()}"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(copying, "BATCH", 250)
        call_command("seed_orders", str(SEEDED), "--yes", "--days", "30")
        yield


def test_it_makes_so_many_orders_within_so_many_days() -> None:
    assert Order.objects.count() == SEEDED
    month_ago = timezone.now() - timedelta(days=31)
    assert Order.objects.filter(created_at__range=(month_ago, timezone.now())).count() == SEEDED
    assert Event.objects.filter(created_at__gt=timezone.now()).count() == 0


def test_it_makes_orders_in_every_state_and_most_of_them_delivered() -> None:
    counts = dict(Order.objects.order_by().values_list("status").annotate(Count("pk")))
    assert counts[Status.DELIVERED] > SEEDED * 0.8
    assert set(counts) >= set(Status) - {Status.REJECTED, Status.INVALID}


def test_its_events_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_events")
    assert "events of 600 orders are whole." in capsys.readouterr().out


def test_money_and_parcels_agree_with_the_states() -> None:
    paid = Order.objects.filter(payments__state=Payment.State.CAPTURED)
    assert not Order.objects.filter(status=Status.DELIVERED).exclude(pk__in=paid.values("pk")).exists()
    assert not Payment.objects.exclude(amount=F("order__total")).exists()
    given_back = Payment.objects.filter(refunds__state=Refund.State.SUCCEEDED).annotate(sum=Sum("refunds__amount"))
    assert given_back.exclude(sum=F("refunded")).count() == 0
    cancelled = Payment.objects.filter(state=Payment.State.CAPTURED, order__status=Status.CANCELLED)
    assert cancelled.exclude(refunded=F("amount")).count() == 0
    arrived = Shipment.objects.filter(state=Shipment.State.DELIVERED)
    assert arrived.count() == Order.objects.filter(status=Status.DELIVERED).count()


def test_no_worker_takes_an_open_one() -> None:
    assert Order.objects.exclude(status__in=FINAL).exists()
    assert claim_commands(100) == []
    later = timezone.now() + timedelta(days=30)
    assert recovery.suspects(100) == []
    assert recovery.standing_still(since=later, after=None, limit=100) == []
    assert recovery.refunds_without_outcome(100) == []
    assert recovery.payments_without_outcome() == 0
    assert Command.objects.filter(state="delivered").count() == 0


def test_the_triggers_stand_as_before() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgenabled::text FROM pg_trigger WHERE tgname IN ('orders_status', 'events_chain')"
        )
        assert dict(cursor.fetchall()) == {"orders_status": "A", "events_chain": "A"}


def test_it_refuses_a_database_that_is_not_declared_for_it() -> None:
    with pytest.raises(CommandError, match="set SEED_ORDERS=true, or say --yes"):
        call_command("seed_orders", "1")
