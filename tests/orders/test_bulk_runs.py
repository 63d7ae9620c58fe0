"""One action on many orders: planned as they were seen, confirmed once, issued in batches by the rules for one."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.commands import CommandState, Kind
from orders.errors import NotYourRun, TooManyOrders
from orders.lifecycle import Status
from orders.models import BulkRun, Command, Order
from orders.selectors import bulk as selectors
from orders.selectors.bulk import MAX_ORDERS, orders_chosen, preview_of, progress_of
from orders.selectors.eligibility import ASKED_ALREADY
from orders.services.commands import bulk_runs
from orders.services.commands.bulk_runs import BATCH, confirm_run, draft_run, issue_run
from orders.services.upkeep import upkeep
from tests.conftest import unique
from tests.factories import an_order, an_order_in, command, events, request_command, settle


@pytest.fixture
def ann() -> User:
    return User.objects.create(username=f"ann{unique()}")


def many(count: int) -> list[Order]:
    """So many received orders at once; nobody carries them."""
    like = an_order()
    same = ("shipping_address", "currency", "subtotal", "total", "payment_method", "created_at", "updated_at")
    fields = {name: getattr(like, name) for name in same} | {"customer_name": f"Many {unique()}"}
    return Order.objects.bulk_create([Order(**fields) for _ in range(count)], batch_size=1000)


def a_draft(orders: list[Order], person: User, kind: Kind = Kind.CANCEL) -> BulkRun:
    chosen = Order.objects.filter(pk__in=[order.pk for order in orders])
    return draft_run(orders_chosen(chosen, kind), kind, author_id=person.pk)


def a_run(orders: list[Order], person: User, kind: Kind = Kind.CANCEL) -> BulkRun:
    """A confirmed run of which nothing has been issued yet."""
    return confirm_run(a_draft(orders, person, kind).pk, person_id=person.pk, reason="A bad batch.")


def issue(run: BulkRun, person: User) -> BulkRun:
    issue_run(run.pk, actor=f"staff:{person.pk}")
    run.refresh_from_db()
    return run


def commands_of(run: BulkRun) -> list[Command]:
    return list(Command.objects.filter(bulk_item__run=run).order_by("bulk_item__position"))


def queries_of_a_batch(run: BulkRun, person: User) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert bulk_runs._issue_batch(run.pk, f"staff:{person.pk}")
    return len(queries)


def test_it_plans_for_those_that_accept_it_and_says_why_the_others_are_left_out(ann: User) -> None:
    orders = [an_order_in(Status.PAID), an_order_in(Status.SHIPPED), an_order_in(Status.PAID)]
    request_command(orders[2], "cancel")
    run = a_draft(orders, ann)
    preview = preview_of(run)
    assert (run.selected, run.planned) == (3, 1)
    assert [order.pk for order in preview.accepted.some] == [orders[0].pk]
    assert {group.reason: group.count for group in preview.refused} == {
        "An order with the status “shipped” cannot be cancelled.": 1,
        ASKED_ALREADY: 1,
    }
    assert preview.captured == ["99.99 USD"]


def test_it_asks_the_database_as_often_to_plan_for_many_as_for_few(ann: User) -> None:
    counts = []
    for size in (2, 300):
        orders = many(size)
        with CaptureQueriesContext(connection) as queries:
            preview_of(a_draft(orders, ann))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_it_takes_no_more_orders_than_the_limit(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bulk_runs, selectors):
        monkeypatch.setattr(module, "MAX_ORDERS", 2)
    with pytest.raises(TooManyOrders, match="at most 2 orders"):
        a_draft(many(3), ann)


def test_it_issues_thousands_of_commands_each_with_the_reason(ann: User) -> None:
    orders = many(3000)
    run = issue(a_run(orders, ann), ann)
    commands = commands_of(run)
    assert {(it.state, it.kind, it.actor, it.reason, it.seq) for it in commands} == {
        ("pending", "cancel", f"staff:{ann.pk}", "A bad batch.", 1)
    }
    assert {it.order_id for it in commands} == {order.pk for order in orders}
    assert len(commands) == run.issued == 3000 < MAX_ORDERS


def test_a_batch_costs_as_many_statements_as_a_single_command(ann: User) -> None:
    one, full = a_run(many(1), ann), a_run(many(BATCH), ann)
    assert queries_of_a_batch(one, ann) == queries_of_a_batch(full, ann) <= 9


def test_it_numbers_commands_as_the_one_door_does(ann: User) -> None:
    order = an_order_in(Status.IN_REVIEW)
    issue(a_run([order], ann), ann)
    later = request_command(order, "hold")
    assert [it.seq for it in order.commands.order_by("seq")] == list(range(1, later.seq + 1))


def test_it_rejects_what_changed_since_it_was_seen_and_says_so(ann: User) -> None:
    moved, held, same = (an_order_in(Status.IN_REVIEW) for _ in range(3))
    run = a_run([moved, held, same], ann, Kind.REJECT)
    command(moved, "approve")
    command(held, "hold")
    run = issue(run, ann)
    assert {it.order_id: (it.state, it.outcome) for it in commands_of(run)} == {
        moved.pk: ("rejected", "An order with the status “charging” cannot be rejected."),
        held.pk: ("rejected", "The order has changed since you selected it."),
        same.pk: ("pending", ""),
    }
    assert run.rejected == 2
    assert events(held)[-1] == "command_rejected"


def test_it_issues_nothing_before_somebody_says_yes(ann: User) -> None:
    run = issue(a_draft(many(1), ann), ann)
    assert (run.issued, commands_of(run)) == (0, [])


def test_only_who_looked_at_the_orders_may_say_yes(ann: User) -> None:
    run = a_draft(many(1), ann)
    with pytest.raises(NotYourRun):
        confirm_run(run.pk, person_id=User.objects.create(username=unique()).pk, reason="Mine.")
    run.refresh_from_db()
    assert run.is_draft


def test_it_keeps_the_first_reason_when_it_is_confirmed_again(ann: User) -> None:
    run = a_run(many(1), ann)
    assert confirm_run(run.pk, person_id=ann.pk, reason="Another.").reason == "A bad batch."


def test_it_goes_on_where_a_run_stopped(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_runs, "BATCH", 4)
    run = a_run(many(10), ann)
    queries_of_a_batch(run, ann)
    run.refresh_from_db()
    assert (run.issued, progress_of(run).unissued) == (4, 6)
    first = [it.pk for it in commands_of(run)]
    run = issue(run, ann)
    assert [it.pk for it in commands_of(run)][:4] == first
    assert (run.issued, len(commands_of(run)), progress_of(run).unissued) == (10, 10, 0)


def test_a_batch_that_fails_leaves_nothing_behind(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run(many(2), ann)
    with monkeypatch.context() as patch:
        patch.setattr(bulk_runs, "refusal_at_once", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            issue(run, ann)
    assert commands_of(run) == []
    assert issue(run, ann).issued == 2


def test_two_who_issue_a_run_at_once_issue_each_command_once(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_runs, "BATCH", 5)
    run = a_run(many(60), ann)

    def issue_it(run_id: UUID) -> None:
        issue_run(run_id, actor=f"staff:{ann.pk}")
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(issue_it, [run.pk, run.pk]))
    assert {it.seq for it in commands_of(run)} == {1}
    assert len(commands_of(run)) == 60


def test_it_tells_how_far_a_run_has_come(ann: User) -> None:
    orders = [an_order_in(Status.IN_REVIEW) for _ in range(3)]
    run = a_run(orders, ann)
    command(orders[0], "reject")
    issue(run, ann)
    settle(commands_of(run)[1])
    progress = progress_of(run)
    assert (progress.applied, progress.rejected, progress.pending, progress.is_over) == (1, 1, 1, False)
    assert progress.reasons == [("An order with the status “rejected” cannot be cancelled.", 1)]
    settle(commands_of(run)[0])
    assert progress_of(run).is_over


def test_drafts_that_nobody_confirmed_are_forgotten(ann: User) -> None:
    old, new, confirmed = a_draft(many(1), ann), a_draft(many(1), ann), a_run(many(1), ann)
    for run in (old, confirmed):
        BulkRun.objects.filter(pk=run.pk).update(created_at=run.created_at - bulk_runs.DRAFT_RETENTION)
    upkeep()
    assert set(BulkRun.objects.filter(author=ann).values_list("pk", flat=True)) == {new.pk, confirmed.pk}
    assert not Command.objects.filter(state=CommandState.PENDING, bulk_item__run=old).exists()
