"""Copies of the product in which one thing is different."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from stack.state import ROOT

PRODUCT = ("manage.py", "orderlife", "orders", "workflows", "templates", "static", "locale")
TESTS = ("pyproject.toml", "stack", "tests")


class Change(NamedTuple):
    """In the file at `path`, `before` stands once; a copy has `after` in its place."""

    path: str
    before: str
    after: str


class Safeguard(NamedTuple):
    """What keeps a promise, a change that breaks it, and the test that fails for it."""

    name: str
    change: Change
    test: str


def changed_copy(directory: Path, change: Change, *, more: tuple[str, ...] = ()) -> Path:
    """A copy of the product, and of `more` beside it, with that change."""
    directory.mkdir()
    for name in (*PRODUCT, *more):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, directory / name)
    file = directory / change.path
    text = file.read_text()
    assert text.count(change.before) == 1
    file.write_text(text.replace(change.before, change.after))
    return directory


def run_tests(directory: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a copy that has its tests."""
    command = [sys.executable, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # What never comes in a copy without its safeguard is not waited for as long as elsewhere.
    environment |= {"TEST_TIMEOUT_SECONDS": "60", **settings}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=directory, env=environment, timeout=300
    )


OUTBOX, CHARGING = "orders/services/commands/outbox.py", "orders/services/payments/charging.py"
SETTLEMENT = "orders/services/checkouts/settlement.py"
STRIPE = "orders/gateways/payments/stripe_gateway.py"
STATE = "orders/services/state"
UNIT_OF_WORK = f"{STATE}/unit_of_work.py"
SAFEGUARDS = [
    Safeguard(
        "the order's row lock",
        Change(UNIT_OF_WORK, "Order.objects.select_for_update().filter", "Order.objects.filter"),
        "tests/faults/test_races.py::test_two_cancels",
    ),
    Safeguard(
        "the version of an order",
        Change(
            "orders/services/state/write_statement.py", " AND xmin = (%s::bigint)::text::xid", " AND %s::bigint > 0"
        ),
        "tests/orders/test_steps.py::test_it_runs_again_if_the_order_has_changed_without_an_event",
    ),
    Safeguard(
        "a new version for every row of an order",
        Change(UNIT_OF_WORK, "return self._wrote_rows and not self._wrote_order", "return False"),
        "tests/orders/test_steps.py::test_it_runs_again_if_a_row_of_the_order_was_written_meanwhile",
    ),
    Safeguard(
        "a step that changes nothing is decided under the lock",
        Change(UNIT_OF_WORK, "if not deferred.parts and not order.changed_fields():", "if order is None:"),
        "tests/orders/test_steps.py::test_one_that_changes_nothing_has_run_under_the_lock",
    ),
    Safeguard(
        "the idempotency key",
        Change(
            "orders/services/payments/requests.py", "key=payment.idempotency_key", 'key=__import__("uuid").uuid4().hex'
        ),
        "tests/faults/test_killed_processes.py::test_it_charges_once_though_the_answer_to_the_charge_is_lost",
    ),
    Safeguard(
        "the one reference of a payment",
        Change(
            CHARGING,
            "if is_wanted and not payment.gateway_reference:",
            "if is_wanted:",
        ),
        "tests/orders/test_paying_with_stripe.py::test_of_two_attempts_that_create_a_payment_at_once_one_is_charged",
    ),
    Safeguard(
        "the end of a declined PaymentIntent",
        Change(STRIPE, "voided = self.void(request)", "voided = payment"),
        "tests/orders/test_stripe_gateway.py::test_what_was_declined_can_never_be_confirmed_with_another_card",
    ),
    Safeguard(
        "the look-up before a refund at Stripe",
        Change(STRIPE, '.get("refund_key") == key', '.get("refund_key") == ""'),
        "tests/orders/test_payment_gateways.py::test_so_is_one_under_a_key_of_its_own",
    ),
    Safeguard(
        "goods leave once they are paid for",
        Change(
            "orders/services/fulfilment/labels.py",
            "waiting = Waiting.HANDOVER if is_captured(order) else",
            "waiting = Waiting.HANDOVER if order.code else",
        ),
        "tests/orders/test_capture_on_shipment.py::test_it_captures_once_after_the_label_and_before_the_hand_over",
    ),
    Safeguard(
        "what an order does not need goes back",
        Change(SETTLEMENT, "if not can_use_payment(order) or row.amount", "if row.amount"),
        "tests/orders/test_checkout_payments.py::test_a_payment_that_comes_after_the_cancellation_goes_back",
    ),
    Safeguard(
        "a payment is compared before it goes back",
        Change(SETTLEMENT, "return found is not None and (found.amount", "return bool(found) or (found.amount"),
        "tests/orders/test_payments_of_the_shop.py::test_a_payment_of_another_order_never_goes_back_for_this_one",
    ),
    Safeguard(
        "what was asked for before the order is checked",
        Change(
            "orders/services/commands/settle.py", "for command in asked_before:", "for command in asked_before[:0]:"
        ),
        "tests/workflows/test_the_story.py::test_a_cancel_that_nobody_carried_yet_cancels_before_the_review",
    ),
    Safeguard(
        "the fence around a charge's outcome",
        Change(
            "orders/services/payments/outcomes.py",
            """        if payment.state not in Payment.OPEN:
            return order
        if payment.gateway_reference != reference:
""",
            """        if not payment.state:
            return order
        if payment.gateway_reference == order.code:
""",
        ),
        "tests/faults/test_races.py::test_two_attempts_of_one_charge",
    ),
    Safeguard(
        "the relay's claim",
        Change(OUTBOX, "make_interval(secs => %(lease)s)", "make_interval(secs => 0 * %(lease)s)"),
        "tests/faults/test_safeguards.py::test_a_command_that_one_relay_carries_is_not_given_to_another",
    ),
    Safeguard(
        "the order of an order's commands",
        Change(OUTBOX, "earlier.seq < c.seq", "earlier.seq < 0"),
        "tests/faults/test_safeguards.py::test_a_later_command_never_overtakes_an_earlier_one_of_its_order",
    ),
    Safeguard(
        "outcomes are final",
        Change(
            OUTBOX,
            "pk__in=ids, state=CommandState.PENDING).update(\n        state=CommandState.DELIVERED",
            "pk__in=ids).update(\n        state=CommandState.DELIVERED",
        ),
        "tests/faults/test_safeguards.py::test_delivered_is_never_written_over_an_outcome",
    ),
    Safeguard(
        "the drained inbox",
        Change(
            "workflows/inbox.py",
            "while self.inbox:\n            await self.settle_or_reject(self.inbox.popleft())",
            "return",
        ),
        "tests/workflows/test_the_story.py::test_a_signal_that_comes_while_the_last_step_runs_is_settled_too",
    ),
    Safeguard(
        "the child's close policy",
        Change("workflows/order.py", "ParentClosePolicy.TERMINATE", "ParentClosePolicy.ABANDON"),
        "tests/workflows/test_reconciler.py::test_shipping_ends_with_the_workflow_of_its_order",
    ),
    Safeguard(
        "a child in place of a stale one",
        Change(
            "workflows/order.py", "WorkflowIDReusePolicy.TERMINATE_IF_RUNNING", "WorkflowIDReusePolicy.ALLOW_DUPLICATE"
        ),
        "tests/workflows/test_reconciler.py::test_the_child_of_a_reset_workflow_is_replaced_and_none_is_left_behind",
    ),
    Safeguard(
        "reading the order again before each charge",
        Change(CHARGING, "wanted = is_to_be_charged(order)", "wanted = True"),
        "tests/faults/test_safeguards.py::test_a_charge_that_is_tried_again_after_a_cancel_charges_nothing",
    ),
    Safeguard(
        "following the database's status",
        Change("workflows/inbox.py", "if state.version >= self.state.version:", "if state.version:"),
        "tests/faults/test_safeguards.py::test_a_workflow_goes_by_the_newest_state_whatever_order_answers_come_in",
    ),
    Safeguard(
        "the window of an address change",
        Change(
            "orders/selectors/fulfilment.py",
            "return any(parcel.state in Shipment.UNDOABLE for",
            "return any(parcel.state == Shipment.State.BOOKED for",
        ),
        "tests/faults/test_races.py::test_an_address_against_the_booking_of_the_label",
    ),
    Safeguard(
        "the end of a silent transaction",
        Change("orderlife/database.py", '"idle_in_transaction_session_timeout": "10s"', '"application_name": "silent"'),
        "tests/faults/test_silence.py::test_an_order_can_be_steered_though_somebody_fell_silent_with_its_lock",
    ),
    Safeguard(
        "refunds reserve their amount",
        Change(
            "orders/selectors/refunds.py",
            "if refund.state != Refund.State.FAILED)",
            "if refund.state == Refund.State.SUCCEEDED)",
        ),
        "tests/faults/test_races.py::test_two_refunds_that_cannot_both_be_paid",
    ),
]
