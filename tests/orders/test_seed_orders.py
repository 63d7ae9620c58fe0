"""Made-up orders are as whole as real ones, and no worker touches them."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count, F, Sum
from django.test import Client
from django.utils import timezone

from orders.admin.dashboard import panels
from orders.api.answers import accepts
from orders.commands import RULES, Kind
from orders.lifecycle import FINAL, PaymentStatus, Status
from orders.models import Command, Delivery, Event, Order, Payment, Refund, Shipment
from orders.selectors import dashboard, recovery
from orders.selectors.backoffice import kinds_offered, order_view
from orders.selectors.bulk import orders_chosen
from orders.selectors.eligibility import MADE_UP
from orders.selectors.fulfilment import STEPS
from orders.selectors.review_queue import next_to_review, review_queue
from orders.selectors.tracking import open_changes
from orders.selectors.warehouse import board, next_step
from orders.services.commands.issue import issue_command
from orders.services.commands.outbox import claim_commands
from orders.services.commands.rows import CommandRequest
from orders.services.seeding import copying
from orders.services.state.deliveries import send_again, write_mail
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


def test_their_payment_status_is_what_the_trigger_would_have_set() -> None:
    made = dict(Order.objects.values_list("pk", "payment_status"))
    assert set(made.values()) >= set(PaymentStatus) - {PaymentStatus.OPEN, PaymentStatus.AUTHORISED}
    with transaction.atomic():
        Order.objects.update(payment_status="unset")
        Order.objects.filter(payments=None).update(payment_status=PaymentStatus.NOTHING)
        Payment.objects.update(attempt=F("attempt"))
        assert dict(Order.objects.values_list("pk", "payment_status")) == made


def test_it_makes_orders_in_every_state_and_most_of_them_delivered() -> None:
    counts = dict(Order.objects.order_by().values_list("status").annotate(Count("pk")))
    assert counts[Status.DELIVERED] > SEEDED * 0.8
    assert set(counts) >= set(Status) - {Status.REJECTED, Status.INVALID, Status.PARTLY_SHIPPED}


def test_its_events_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_events")
    assert "events of 600 orders are valid." in capsys.readouterr().out


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
    assert Command.objects.filter(settled_at=None).count() == 0
    assert claim_commands(100) == []
    later = timezone.now() + timedelta(days=30)
    assert recovery.stalled_orders(100) == []
    assert recovery.without_progress(since=later, after=None, limit=100) == []
    assert recovery.refunds_without_outcome(100) == []
    assert recovery.payments_without_outcome() == 0
    assert Command.objects.filter(state="delivered").count() == 0


def test_the_triggers_stand_as_before() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgenabled::text FROM pg_trigger WHERE tgname IN ('orders_status', 'events_chain')"
        )
        assert dict(cursor.fetchall()) == {"orders_status": "A", "events_chain": "A"}


def test_nothing_is_offered_of_a_made_up_order_and_every_command_is_refused_at_once() -> None:
    for order in Order.objects.order_by("status", "-created_at").distinct("status"):
        assert accepts(order) == open_changes(order) == kinds_offered(order_view(order.pk)) == []
        assert next_step(order) is None
        for kind, rule in RULES.items():
            if kind is not Kind.PLACE:
                asked = CommandRequest(kind=kind, actor=min(rule.actors), args=dict.fromkeys(rule.arguments, "1"))
                command = issue_command(order.pk, asked)
                assert (command.state, command.outcome) == ("rejected", MADE_UP), kind


def test_no_mail_is_sent_about_a_made_up_order() -> None:
    for order in Order.objects.filter(status__in=(Status.SHIPPED, Status.IN_REVIEW)):
        issue_command(order.pk, CommandRequest(kind=Kind.CANCEL, actor="customer"))
    mail = write_mail(Order.objects.all()[0], template="lost_links")
    send_again(mail.pk)
    assert set(Delivery.objects.values_list("state", "last_error")) == {("failed", MADE_UP)}


def test_nobody_is_asked_for_a_decision_on_a_made_up_order() -> None:
    assert {chosen.refusal for chosen in orders_chosen(Order.objects.all(), Kind.CANCEL)} == {MADE_UP}
    assert review_queue() == []
    assert next_to_review(1) is None
    assert {pile.count for pile in dashboard.open_orders().values()} == {0}
    assert dashboard.flagged().count == dashboard.held_too_long(timezone.now()).count == 0
    assert dashboard.undelivered_commands().count == dashboard.unsettled_commands().count == 0
    assert [board(step) for step in STEPS] == [[]] * len(STEPS)


def test_the_dashboard_leads_to_the_real_orders_it_counted() -> None:
    urls = [panel.url for panel in panels(dashboard.open_orders(), lambda _: False)]
    assert all(url.endswith("client=real") for url in urls)
    client = Client()
    client.force_login(get_user_model().objects.create_superuser(f"boss {unique()}"))
    for url in urls:
        assert re.search(r"\b0 orders", client.get(url).content.decode()), url
    listed = client.get(urls[0].replace("client=real", "client=made-up")).content.decode()
    assert "made up</span>" in listed


def test_it_refuses_a_database_that_is_not_declared_for_it() -> None:
    with pytest.raises(CommandError, match="set SEED_ORDERS=true or pass --yes"):
        call_command("seed_orders", "1")
