"""The second person's page: what was asked for, yes or no, and what becomes of it."""

from decimal import Decimal

import pytest
from django.urls import reverse
from pytest_django import Settings

from orders.commands import CommandState
from orders.lifecycle import Status
from orders.models import Approval, Command
from orders.services.staff.api_keys import create_api_key
from tests.admin.conftest import Desk, a_user
from tests.conftest import unique
from tests.factories import an_approval, an_order_in, command

LIST = reverse("admin:orders_approval_changelist")


@pytest.fixture(autouse=True)
def _limit(settings: Settings, nobody_answers: None) -> None:  # noqa: ARG001 - no worker runs
    settings.REFUND_APPROVAL_LIMIT = {"": Decimal(500)}


def page_of(approval: Approval, action: str = "change") -> str:
    return reverse(f"admin:orders_approval_{action}", args=[approval.pk])


def asked_by(desk: Desk) -> Approval:
    return an_approval(actor=f"staff:{desk.user.pk}")


def test_the_orders_page_says_that_a_refund_waits_and_leads_there(desk: Desk) -> None:
    approval = asked_by(desk)
    page = desk.get(reverse("admin:orders_order_change", args=[approval.order_id]))
    assert "Refund of 600.00 USD awaiting approval." in page
    assert page_of(approval) in page


def test_the_form_says_what_one_person_may_give_alone_and_asks_for_the_rest(desk: Desk) -> None:
    approval = an_approval()
    path = reverse("admin:orders_order_refund", args=[approval.order_id])
    form = {
        "command": Approval().pk,
        "expected_version": approval.order.events.count(),
        "reason": "Broken.",
        "amount": "500.01",
    }
    assert "Above 500.00 USD, someone other than the requester must approve." in desk.get(path)
    assert "refund of 500.01 USD awaiting approval." in desk.post(path, form)
    assert Approval.objects.filter(order=approval.order, requested_by=desk.user).count() == 1


def test_the_form_says_nothing_of_two_people_where_one_may_give_all(desk: Desk) -> None:
    path = reverse("admin:orders_order_refund", args=[an_order_in(Status.DELIVERED).pk])
    assert "a second person" not in desk.get(path)


def test_it_lists_what_waits_and_on_request_what_was_decided(desk: Desk, other: Desk) -> None:
    approval = asked_by(desk)
    assert approval.order.code in other.get(LIST)
    other.post(page_of(approval, "refuse"), {"reason": "The parcel was whole."})
    assert approval.order.code not in other.get(LIST)
    assert approval.order.code in other.get(LIST, state="refused")


def test_the_second_person_sees_what_would_happen_and_agrees(desk: Desk, other: Desk) -> None:
    approval = asked_by(desk)
    page = other.get(page_of(approval))
    assert "Approve and refund 600.00 USD" in page
    assert "Net paid after this refund: 300.00 USD." in page
    assert "“Refund” was recorded and will be applied shortly." in other.post(page_of(approval, "agree"), {})
    assert Command.objects.get(pk=approval.pk).actor == f"staff:{desk.user.pk}"


def test_who_asked_is_offered_nothing_and_refused(desk: Desk) -> None:
    approval = asked_by(desk)
    page = desk.get(page_of(approval))
    assert "Someone else must decide" in page
    assert page_of(approval, "agree") not in page
    assert "Someone else must decide" in desk.post(page_of(approval, "agree"), {})
    assert not Command.objects.filter(pk=approval.pk).exists()


def test_a_refusal_needs_a_reason(desk: Desk, other: Desk) -> None:
    approval = asked_by(desk)
    assert "Give a reason for the refusal" in other.post(page_of(approval, "refuse"), {"reason": " "})
    assert Approval.objects.get(pk=approval.pk).state == "requested"


def test_the_later_of_two_is_told_who_was_first(desk: Desk, other: Desk) -> None:
    approval = an_approval()
    desk.post(page_of(approval, "agree"), {})
    page = other.post(page_of(approval, "refuse"), {"reason": "No."})
    assert "Ann Operator already approved this at" in page
    assert Command.objects.get(pk=approval.pk).state == CommandState.PENDING


def test_it_says_why_a_refund_cannot_be_made_any_more(desk: Desk, settings: Settings) -> None:
    approval = an_approval()
    settings.REFUND_APPROVAL_LIMIT = {}
    command(approval.order, "refund", args={"amount": 30_001})
    page = desk.get(page_of(approval))
    assert "This refund is no longer possible: The refund must be between 0.01 USD and 599.99 USD." in page
    assert page_of(approval, "agree") not in page
    assert "and 599.99 USD." in desk.post(page_of(approval, "agree"), {})


def test_those_who_may_not_decide_see_the_alert_without_the_link(viewer: Desk) -> None:
    approval = an_approval()
    page = viewer.get(reverse("admin:orders_order_change", args=[approval.order_id]))
    assert "Refund of 600.00 USD awaiting approval." in page
    assert page_of(approval) not in page


def test_the_dashboard_has_a_pile_for_those_who_may_decide(desk: Desk, viewer: Desk) -> None:
    an_approval()
    waiting = Approval.objects.filter(state="requested").count()
    page = desk.get(reverse("admin:index"))
    assert f'<a href="{LIST}">' in page
    assert f"<strong>{waiting}</strong>" in page
    assert LIST not in viewer.get(reverse("admin:index"))


def test_a_clerk_who_may_look_is_not_offered_the_decision() -> None:
    clerk, approval = Desk(a_user("view_order", "view_approval")), an_approval()
    assert page_of(approval, "agree") not in clerk.get(page_of(approval))
    assert clerk.client.post(page_of(approval, "agree")).status_code == 403


def test_who_issued_the_key_that_asked_is_told_why_and_refused(desk: Desk) -> None:
    name = f"shop {unique()}"
    create_api_key(name, issued_by=desk.user)
    approval = an_approval(actor=f"client:{name}")
    why = "requested by an API client whose key you issued. Someone else must decide"
    assert why in desk.get(page_of(approval))
    assert page_of(approval, "agree") not in desk.get(page_of(approval))
    assert why in desk.post(page_of(approval, "agree"), {})
    assert why in desk.post(page_of(approval, "refuse"), {"reason": "No."})
    assert Approval.objects.get(pk=approval.pk).state == "requested"
