"""An exception of our own in any activity: the command is rejected, or the order flagged, and all goes on later."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from orders.lifecycle import Status
from orders.models import Order, Return
from orders.services.orders.stalls import STALLED
from tests.conftest import eventually
from tests.factories import an_order, an_order_in, kinds, reaches, request_command, settled
from tests.gates import gateway_busy
from tests.workflows.model import HOUR
from tests.workflows.skipping import Server, skipping_server
from workflows import policies
from workflows.activities import ORDER_ACTIVITIES, SHIPPING_ACTIVITIES
from workflows.return_activities import RETURN_ACTIVITIES

pytestmark = pytest.mark.usefixtures("server")
BROKEN: set[str] = set()
FAILED: Counter[str] = Counter()


class Breaking(Interceptor):
    """Raises an exception that nobody foresaw, in the place of the activities in BROKEN."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        class Broken(ActivityInboundInterceptor):
            async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
                name = activity.info().activity_type
                if name in BROKEN:
                    FAILED[name] += 1
                    raise ZeroDivisionError("a customer's name")
                return await super().execute_activity(input)

        return Broken(next)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    interceptors = (*settings.DJANGO_TEMPORALIO["INTERCEPTORS"], f"{__name__}.Breaking")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(settings.DJANGO_TEMPORALIO, "INTERCEPTORS", interceptors)
        patch.setattr(policies, "MAX_ATTEMPTS", 2)  # what follows the last attempt is the same after two as after six
        with skipping_server(MANUAL_REVIEW_TIMEOUT=HOUR, PAYMENT_PROCESSING_DELAY=0, SHIPPING_DELAY=0) as it:
            yield it


@pytest.fixture(autouse=True)
def _mended() -> Iterator[None]:
    yield
    BROKEN.clear()


def broken(*names: str) -> None:
    BROKEN.update(names)


def in_review(**fields: Any) -> Order:
    return reaches(an_order(**fields), Status.IN_REVIEW)


def approved(**fields: Any) -> Order:
    order = in_review(**fields)
    settled(request_command(order, "approve"))
    return order


def paid() -> Order:
    return reaches(approved(fulfilment="manual"), Status.PAID)


def labelled() -> Order:
    """Held while its label was booked: it is not handed over."""
    with gateway_busy("carrier"):
        order = reaches(approved(), Status.PACKED)
        eventually(order.shipments.exists)
        assert settled(request_command(order, "hold")).state == "applied"
    eventually(lambda: order.shipments.filter(state="booked").exists())
    return order


def is_flagged(order: Order, step: str) -> bool:
    order.refresh_from_db()
    return order.needs_attention and order.attention_reason.startswith(f"{STALLED}: {step} (ZeroDivisionError")


# Each step: how an order comes before it, what then leads into it, and where the order ends once it is mended.
Lead = Callable[[Order], object]
STEPS: dict[str, tuple[Callable[[], Order], Lead, Status]] = {
    "validate_order": (an_order, lambda _: None, Status.IN_REVIEW),
    "charge_payment": (in_review, lambda it: settled(request_command(it, "approve")), Status.DELIVERED),
    "start_picking": (in_review, lambda it: settled(request_command(it, "approve")), Status.DELIVERED),
    "pack_order": (in_review, lambda it: settled(request_command(it, "approve")), Status.DELIVERED),
    "book_label": (in_review, lambda it: settled(request_command(it, "approve")), Status.DELIVERED),
    "collect_payment": (in_review, lambda it: settled(request_command(it, "approve")), Status.DELIVERED),
    "ship_order": (in_review, lambda it: settled(request_command(it, "approve")), Status.DELIVERED),
    "confirm_delivery": (in_review, lambda it: settled(request_command(it, "approve")), Status.DELIVERED),
    "return_payment": (paid, lambda it: settled(request_command(it, "cancel")), Status.CANCELLED),
    "finish_cancellation": (paid, lambda it: settled(request_command(it, "cancel")), Status.CANCELLED),
    "void_label": (labelled, lambda it: settled(request_command(it, "cancel")), Status.CANCELLED),
    "finish_payment_return": (paid, lambda it: settled(request_command(it, "cancel_payment")), Status.AWAITING_PAYMENT),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_keeps_failing_flags_the_order_and_is_tried_anew_later(
    server: Server, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, lead, end = STEPS[step]
    if step == "collect_payment":
        monkeypatch.setattr(settings, "PAYMENT_CAPTURE", "on_shipment")
    FAILED.clear()
    if step != "validate_order":
        order = before()
    broken(step)
    if step == "validate_order":
        order = before()
    lead(order)
    eventually(lambda: is_flagged(order, step), lambda: f"{order.status} {order.attention_reason}")
    assert FAILED[step] == policies.MAX_ATTEMPTS
    BROKEN.clear()
    server.let_pass(policies.STALLED_SECONDS)
    reaches(order, end)
    assert not Order.objects.get(pk=order.pk).needs_attention


def test_a_deadline_that_cannot_be_passed_flags_the_order(server: Server) -> None:
    order = in_review()
    broken("pass_deadline")
    server.let_pass(HOUR)
    eventually(lambda: is_flagged(order, "pass_deadline"))
    BROKEN.clear()
    server.let_pass(policies.STALLED_SECONDS + HOUR)
    reaches(order, Status.DELIVERED)


def test_a_command_that_cannot_be_settled_is_rejected_and_what_stands_behind_it_goes_on() -> None:
    order = in_review()
    broken("settle_command")
    first = settled(request_command(order, "hold"))
    assert first.state == "rejected"
    assert first.outcome.startswith("It could not be applied: ZeroDivisionError, log reference")
    BROKEN.clear()
    assert settled(request_command(order, "cancel")).state == "applied"
    reaches(order, Status.CANCELLED)


def test_an_order_goes_on_though_neither_its_step_nor_its_flag_can_be_recorded(server: Server) -> None:
    order = in_review()
    broken("charge_payment", "stall_order", "reject_signal")
    settled(request_command(order, "approve"))
    eventually(lambda: FAILED["stall_order"] >= policies.MAX_ATTEMPTS)
    BROKEN.clear()
    server.let_pass(policies.STALLED_SECONDS)
    reaches(order, Status.DELIVERED)


def test_a_person_has_a_step_that_was_given_up_tried_at_once() -> None:
    broken("charge_payment")
    order = approved()
    eventually(lambda: is_flagged(order, "charge_payment"))
    BROKEN.clear()
    assert settled(request_command(order, "retry_step")).outcome == "The step is being retried."
    reaches(order, Status.DELIVERED)
    assert kinds("payments", order) == ["capture"]


def test_a_refund_that_keeps_failing_flags_its_order_and_is_paid_later(server: Server) -> None:
    order = an_order_in(Status.DELIVERED)
    broken("pay_refunds")
    assert settled(request_command(order, "refund", args={"amount": 500})).state == "applied"
    eventually(lambda: is_flagged(order, "pay_refunds"))
    BROKEN.clear()
    server.let_pass(policies.STALLED_SECONDS)
    eventually(lambda: kinds("payments", order) == ["capture", "refund"])


def test_a_refund_that_cannot_be_settled_is_rejected() -> None:
    order = an_order_in(Status.DELIVERED)
    broken("settle_refund_command")
    assert settled(request_command(order, "refund", args={"amount": 500})).state == "rejected"
    assert kinds("payments", order) == ["capture"]


ONE_PIECE = {"items": [{"position": 1, "quantity": 1}], "cause": "damaged"}


def requested() -> Return:
    order = an_order_in(Status.DELIVERED)
    return Return.objects.get(request=settled(request_command(order, "request_return", args=ONE_PIECE)))


def test_a_return_that_cannot_be_opened_is_rejected() -> None:
    broken("open_return")
    order = an_order_in(Status.DELIVERED)
    assert settled(request_command(order, "request_return", args=ONE_PIECE)).state == "rejected"
    assert not order.returns.exists()


def test_a_decision_on_a_return_that_cannot_be_settled_is_rejected_and_the_next_is_heard() -> None:
    row = requested()
    about = {"args": {"return": str(row.pk)}}
    broken("settle_return_command")
    assert settled(request_command(row.order, "approve_return", **about)).state == "rejected"
    BROKEN.clear()
    assert settled(request_command(row.order, "approve_return", **about)).state == "applied"


@pytest.mark.parametrize("step", ["pass_return_deadline", "pay_return"])
def test_a_step_of_a_return_that_keeps_failing_flags_its_order(server: Server, step: str) -> None:
    row = requested()
    about = {"args": {"return": str(row.pk)}}
    settled(request_command(row.order, "approve_return", **about))
    broken(step)
    if step == "pay_return":
        settled(request_command(row.order, "receive_return", **about))
    else:
        server.let_pass(settings.RETURN_ARRIVAL_WINDOW)
    eventually(lambda: is_flagged(row.order, step))
    BROKEN.clear()
    server.let_pass(policies.STALLED_SECONDS + settings.RETURN_ARRIVAL_WINDOW)
    eventually(lambda: Return.objects.get(pk=row.pk).state in ("refunded", "expired"))


def test_every_activity_is_broken_here_once() -> None:
    names = {str(each.__name__) for each in (*ORDER_ACTIVITIES, *SHIPPING_ACTIVITIES, *RETURN_ACTIVITIES)}
    # Looking is no step of its own: what was not seen is looked at again. Nor is trying anew.
    names -= {"look_at_order", "look_at_return", "resume_order"}
    text = Path(__file__).read_text()
    assert [name for name in names if f'"{name}"' not in text] == []
