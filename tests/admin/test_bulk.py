import re

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from orders.admin import lists
from orders.admin.bulk import action as bulk_action
from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import BulkRun, Order
from orders.selectors import bulk as selectors
from orders.services.commands import bulk_runs as services
from orders.services.commands.bulk_runs import confirm_run
from tests.admin.conftest import Desk, a_user
from tests.conftest import unique
from tests.factories import an_order, an_order_in, command, settle

LIST = reverse("admin:orders_order_changelist")


def chosen(desk: Desk, action: str, orders: list[Order], path: str = LIST, **more: str) -> str:
    """The page that asks back, after these orders were ticked in the list."""
    data = {"action": action, "index": "0", "_selected_action": [str(order.pk) for order in orders], **more}
    return desk.post(path, data)


def all_that_match(desk: Desk, action: str, orders: list[Order]) -> str:
    """The same after "Select all" in a list of these orders, all of one name."""
    path = f"{LIST}?q={orders[0].customer_name.replace(' ', '+')}"
    return chosen(desk, action, orders[:1], path, select_across="1")


def named(count: int) -> list[Order]:
    name = f"Bulk {unique()}"
    return [an_order(customer_name=name) for _ in range(count)]


def confirm(desk: Desk, page: str, reason: str = "A bad batch.") -> str:
    """The page that the form on that page leads to."""
    return desk.post(re.findall(r'action="([^"]*/confirm/)"', page)[0], {"reason": reason})


def newest(desk: Desk) -> BulkRun:
    return BulkRun.objects.filter(author=desk.user).latest("created_at")


def address_of(run: BulkRun, name: str = "change") -> str:
    return reverse(f"admin:orders_bulkrun_{name}", args=[run.pk])


def half_done(desk: Desk, orders: list[Order], monkeypatch: pytest.MonkeyPatch) -> BulkRun:
    """A run whose first command alone was issued: the web server died after it."""
    monkeypatch.setattr(services, "BATCH", 1)
    chosen(desk, "cancel_selected", orders)
    run = confirm_run(newest(desk).pk, person_id=desk.user.pk, reason="A bad batch.")
    services._issue_batch(run.pk, f"staff:{desk.user.pk}")
    return run


def test_it_says_first_to_which_orders_an_action_applies(desk: Desk) -> None:
    paid, shipped = an_order_in(Status.PAID), an_order_in(Status.SHIPPED)
    page = chosen(desk, "cancel_selected", [paid, shipped])
    assert "Applies to 1 of 2 selected orders." in page
    assert "1 order: An order with the status “shipped” cannot be cancelled." in page
    assert "In total, 99.99 USD will be refunded." in page
    assert paid.commands.filter(kind=Kind.CANCEL).count() == 0


@pytest.mark.parametrize("kind", ["approve", "reject", "cancel"])
def test_it_issues_a_command_for_each_order(desk: Desk, kind: str) -> None:
    orders = [an_order_in(Status.IN_REVIEW) for _ in range(3)]
    page = confirm(desk, chosen(desk, f"{kind}_selected", orders))
    assert "0 of 3 processed." in page
    assert all(order.code in page for order in orders)
    assert [order.commands.get(kind=kind).reason for order in orders] == ["A bad batch."] * 3


def test_it_names_some_of_many_and_counts_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "NAMED", 2)
    page = all_that_match(desk, "cancel_selected", named(5))
    assert "and 3 more" in page


def test_it_reaches_every_order_that_matches_not_those_on_the_page_alone(desk: Desk) -> None:
    orders, other = named(lists.PAGE + 3), an_order()
    page = confirm(desk, all_that_match(desk, "cancel_selected", orders))
    assert f"0 of {lists.PAGE + 3} processed." in page
    assert all(order.commands.filter(kind=Kind.CANCEL).exists() for order in orders)
    assert not other.commands.filter(kind=Kind.CANCEL).exists()


def test_it_refuses_more_orders_than_the_limit_and_names_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bulk_action, selectors, services):
        monkeypatch.setattr(module, "MAX_ORDERS", 2)
    page = all_that_match(desk, "cancel_selected", named(3))
    assert "An action can be applied to at most 2 orders at a time." in page
    assert not BulkRun.objects.filter(author=desk.user).exists()


def test_it_does_not_take_the_newest_matches_of_a_search_for_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_action, "MAX_COUNTED", 2)
    assert "The search finds more than 2 orders." in all_that_match(desk, "cancel_selected", named(3))
    assert not BulkRun.objects.filter(author=desk.user).exists()


def test_the_list_offers_all_that_match_with_the_limit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = named(3)
    monkeypatch.setattr(lists, "MAX_COUNTED", 2)
    page = desk.get(LIST, q=orders[0].customer_name)
    assert f"Select all matching orders (at most {selectors.MAX_ORDERS} per action)" in page
    assert "Select all 2" not in page


def test_it_leaves_alone_what_changed_between_the_question_and_the_answer(desk: Desk) -> None:
    moved, other = an_order_in(Status.IN_REVIEW), an_order_in(Status.IN_REVIEW)
    page = chosen(desk, "reject_selected", [moved, other])
    command(moved, "hold")
    answer = confirm(desk, page)
    assert "1 of 2 processed." in answer
    assert "The order has changed since you selected it." in answer
    assert [order.commands.get(kind=Kind.REJECT).state for order in (moved, other)] == ["rejected", "pending"]


def test_it_makes_one_run_however_often_the_form_is_sent(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = chosen(desk, "cancel_selected", [order])
    confirm(desk, page)
    confirm(desk, page, reason="Another reason.")
    assert order.commands.get(kind=Kind.CANCEL).reason == "A bad batch."
    assert BulkRun.objects.filter(author=desk.user).count() == 1


def test_it_asks_for_the_reason_that_is_missing(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    answer = confirm(desk, chosen(desk, "cancel_selected", [order]), reason="")
    assert "This field is required." in answer
    assert "Applies to 1 of 1 selected orders." in answer
    assert order.commands.filter(kind=Kind.CANCEL).count() == 0


def test_it_shows_what_was_issued_of_a_run_that_stopped_and_goes_on_with_it(
    desk: Desk, other: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [an_order_in(Status.IN_REVIEW) for _ in range(3)]
    run = half_done(desk, orders, monkeypatch)
    page = other.get(address_of(run))
    assert "2 not issued yet." in page
    assert "Issue the remaining 2" in page
    assert "Issue the remaining" not in other.post(address_of(run, "go_on"), {})
    actors = sorted(order.commands.get(kind=Kind.CANCEL).actor for order in orders)
    assert actors == sorted(f"staff:{user.pk}" for user in (desk.user, other.user, other.user))


def test_it_tells_when_all_are_settled_and_asks_no_more(desk: Desk) -> None:
    orders = [an_order_in(Status.IN_REVIEW) for _ in range(2)]
    assert "hx-get" in confirm(desk, chosen(desk, "reject_selected", orders))
    for order in orders:
        settle(order.commands.get(kind=Kind.REJECT))
    page = desk.get(address_of(newest(desk)))
    assert "All 2 processed: 2 applied, 0 refused." in page
    assert "hx-get" not in page


def test_the_page_hears_only_of_news(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = confirm(desk, chosen(desk, "reject_selected", [order]))
    live = re.findall(r'hx-get="([^"]*)"', page)[0].replace("&amp;", "&")
    assert desk.client.get(live).status_code == 204
    settle(order.commands.get(kind=Kind.REJECT))
    assert "All 1 processed" in desk.client.get(live).content.decode()


@pytest.mark.parametrize(("which", "count"), [("all", 3), ("rejected", 1), ("applied", 1), ("open", 0), ("skipped", 1)])
def test_it_shows_the_orders_by_what_became_of_them(desk: Desk, which: str, count: int) -> None:
    moved, same, shipped = (an_order_in(it) for it in (Status.IN_REVIEW, Status.IN_REVIEW, Status.SHIPPED))
    page = chosen(desk, "reject_selected", [moved, same, shipped])
    command(moved, "hold")
    confirm(desk, page)
    settle(same.commands.get(kind=Kind.REJECT))
    shown = desk.get(address_of(newest(desk)), show=which)
    assert sum(f">{order.code}<" in shown for order in (moved, same, shipped)) == count


def test_it_lists_runs_that_were_confirmed(desk: Desk) -> None:
    draft = chosen(desk, "cancel_selected", [an_order()])
    asked = newest(desk)
    assert address_of(asked) not in desk.get(reverse("admin:orders_bulkrun_changelist"))
    confirm(desk, draft)
    assert address_of(asked) in desk.get(reverse("admin:orders_bulkrun_changelist"))


def test_it_offers_nothing_to_who_may_only_look(viewer: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    assert "cancel_selected" not in viewer.get(LIST)
    chosen(viewer, "cancel_selected", [order])
    assert not BulkRun.objects.filter(author=viewer.user).exists()


def test_who_lost_the_right_confirms_nothing_and_goes_on_with_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [an_order_in(Status.IN_REVIEW) for _ in range(2)]
    run = half_done(desk, orders, monkeypatch)
    viewer = Desk(a_user())
    viewer.user.groups.add(Group.objects.get(name="viewer"))
    assert "Issue the remaining" not in viewer.get(address_of(run))
    for name in ("confirm", "go_on"):
        assert viewer.client.post(address_of(run, name), {"reason": "Mine."}).status_code == 403
    assert sum(order.commands.filter(kind=Kind.CANCEL).count() for order in orders) == 1


def test_a_colleague_sees_a_question_and_does_not_answer_it(desk: Desk, other: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    chosen(desk, "cancel_selected", [order])
    assert "Only the person who selected these orders can confirm." in other.get(address_of(newest(desk)))
    other.post(address_of(newest(desk), "confirm"), {"reason": "Mine."})
    assert newest(desk).is_draft
