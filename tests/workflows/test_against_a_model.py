"""Commands, deadlines and failures in any order bring an order where a model of the design says, on a real workflow.

Hypothesis plays them against an order on the time-skipping server. MODEL_EXAMPLES=200 for a thorough run.
"""

import itertools
import os
from collections.abc import Iterator
from copy import copy
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, strategies
from hypothesis import settings as limits
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from orders.address import Address
from orders.models import Order, Refund
from orders.services.orders.verification import faults_of
from tests.conftest import eventually, unique
from tests.factories import an_order, ledger, request_command, settled
from tests.workflows.model import DEADLINES, FINAL, HOUR, TOTAL, Model
from tests.workflows.skipping import Server, skipping_server

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "60"))
STEPS = 16
CHANCE = strategies.randoms(use_true_random=True)  # even, and repeated by its seed
TOKENS = ["tok_ok", "tok_ok", "tok_declined", "tok_refund_refused"]
LEVELS = ["standard", "standard", "sim_refused", "sim_lost", "sim_silent"]
KINDS = (
    *("approve", "reject", "cancel", "update_address", "cancel_payment", "retry_payment", "retry_shipping", "hold"),
    *("release", "pick", "pack", "fail_picking", "ship", "deliver", "fail_delivery", "refund", "settle_payment"),
    *("retry_refund", "settle_refund"),
)


class Played(RuleBasedStateMachine):
    """One order, and beside it the model of it."""

    server: Server
    numbers = itertools.count(1)
    applied: set[str] = set()

    @initialize(chance=CHANCE)
    def place(self, chance: Random) -> None:
        manual, level, token = chance.random() < 0.5, chance.choice(LEVELS), chance.choice(TOKENS)
        self.model = Model(manual=manual, level=level, token=token, street=f"{next(self.numbers)} {unique()} St")
        self.order = an_order(
            address=Address(street=self.model.street, city="Anytown", state="CA", country="US"),
            fulfilment="manual" if manual else "simulated",
            service_level=level,
            payment_method=token,
        )
        self.compare()

    @rule(chance=CHANCE)
    def somebody_wants_something(self, chance: Random) -> None:
        self.command(chance.choice(self.kinds()), chance)

    @precondition(lambda self: self.accepted())
    @rule(chance=CHANCE)
    def somebody_wants_what_is_accepted(self, chance: Random) -> None:
        self.command(chance.choice(self.accepted()), chance)

    def kinds(self) -> list[str]:
        """All, without a refund that is refused for good: a story of its own, in tests/orders/test_retries.py."""
        return [kind for kind in KINDS if kind != "refund" or self.model.token != "tok_refund_refused"]

    def accepted(self) -> list[str]:
        """What the order takes now; what would end it early is left to chance, or most orders would."""
        others = [kind for kind in self.kinds() if kind not in ("cancel", "reject")]
        return [kind for kind in others if copy(self.model).apply(kind, **self.expected(kind, Random(1)))]

    def command(self, kind: str, chance: Random) -> None:
        """Give a command to the order and to the model: both take it, or neither."""
        expected = self.expected(kind, chance)
        row = settled(request_command(self.order, kind, args=self.arguments(kind, expected)))
        accepts = self.model.apply(kind, **expected)
        assert row.state == ("applied" if accepts else "rejected"), f"{kind}: {row.outcome} But: {self.model}"
        if accepts:
            self.applied.add(kind)
        self.compare()

    def expected(self, kind: str, chance: Random) -> dict[str, Any]:
        """What the model needs to know of a command."""
        if kind == "retry_payment":
            return {"token": chance.choice(TOKENS)}
        if kind == "update_address":
            return {"street": f"{next(self.numbers)} {unique()} Road"}
        return {"amount": chance.choice([1, 2_500, TOTAL])} if kind == "refund" else {}

    def arguments(self, kind: str, expected: dict[str, Any]) -> dict[str, Any]:
        """The same as the product takes it."""
        if kind == "retry_payment":
            return {"payment_method": expected["token"]}
        if kind == "update_address":
            return {"address": {"street": expected["street"], "city": "Anytown", "state": "CA", "country": "US"}}
        return expected

    @precondition(lambda self: self.model.deadline)
    @rule(chance=CHANCE)
    def nobody_does_anything(self, chance: Random) -> None:
        if chance.random() < 0.5:  # or else most orders would be cancelled for want of a payment
            return
        self.server.let_pass(DEADLINES[self.model.status] + HOUR / 2)
        self.model.let_the_deadline_pass()
        self.compare()

    def compare(self) -> None:
        """Wait for what follows by itself: then the order is where the model is, and so is the money by the gateway."""
        model = self.model
        expected = (model.status, model.held, model.attention, model.street, model.label, model.kept, model.charges)
        eventually(lambda: self.facts() == expected, lambda: f"{self.facts()} instead of {expected}")
        eventually(lambda: not Refund.objects.filter(payment__order=self.order, state="pending").exists())

    def facts(self) -> tuple[Any, ...]:
        order = self.order = Order.objects.get(pk=self.order.pk)
        books = ledger("payments", order)
        kept = sum({"capture": 1, "refund": -1}.get(line["kind"], 0) * line.get("amount", 0) for line in books)
        by_hand = order.payments.filter(refunds__gateway_reference__startswith="by other means")
        kept -= sum(by_hand.values_list("refunds__amount", flat=True))
        return (
            *(order.status, order.held, order.needs_attention, order.shipping_address["street"]),
            *(order.shipments.filter(state="booked").exists(), kept),
            sum(line["kind"] in ("capture", "decline") for line in books),
        )

    def teardown(self) -> None:
        if not hasattr(self, "order"):
            return
        self.order.refresh_from_db()
        faults = faults_of(self.order, list(self.order.events.order_by("seq")))
        assert not faults, faults
        assert not self.order.commands.filter(settled_at=None).exists()
        labels = self.order.shipments.exclude(state="failed").order_by("-attempt").values_list("address", flat=True)
        if self.model.status in ("shipped", "delivered"):
            assert labels[0]["street"] == self.model.street


@pytest.fixture
def server() -> Iterator[Server]:
    with skipping_server(MANUAL_REVIEW_TIMEOUT=HOUR, PAYMENT_PROCESSING_DELAY=0, SHIPPING_DELAY=0) as server:
        yield server


@pytest.mark.parametrize("examples", [6, pytest.param(EXAMPLES, marks=pytest.mark.slow)])
def test_an_order_goes_where_the_model_says_whatever_happens_to_it(
    server: Server, measured: Any, examples: int
) -> None:
    Played.server = server
    run_state_machine_as_test(
        Played,
        settings=limits(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    ends = {status: Order.objects.filter(status=status).count() for status in FINAL}
    measured(f"Played {Order.objects.count()} orders, {len(Played.applied)} kinds of commands applied: {ends}")
