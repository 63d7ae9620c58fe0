"""One predicate decides whether an order accepts a command: what is offered is not refused, and all say the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from orders.actors import Actor
from orders.api.answers import accepts
from orders.commands import RULES, Kind
from orders.lifecycle import Status
from orders.models import Order, Payment
from orders.selectors.backoffice import kinds_offered, order_view, refusal_to_staff
from orders.selectors.eligibility import checks, refusal
from orders.selectors.tracking import CUSTOMERS_CHANGES, open_changes
from tests.admin.conditions import CONDITIONS
from tests.conftest import unique
from tests.factories import an_order_in, command, labelled_before_the_upgrade, request_command
from tests.orders.eligibility_conditions import (
    WHERE,
    delivered_long_ago,
    everything_comes_back,
    held,
    label_is_being_booked,
    payment_goes_back,
    refund_leaves_the_least,
    refund_takes_all_that_is_left,
)
from tests.plugin import database_of_its_own

# What each kind needs beside the order; of refunds the least amount there is.
ARGS: dict[Kind, dict[str, Any]] = {
    Kind.UPDATE_ADDRESS: {"address": {"street": "1 Elm St", "city": "Anytown", "state": "CA"}},
    Kind.RETRY_PAYMENT: {"payment_method": "tok_ok"},
    Kind.REFUND: {"amount": 1},
    Kind.REQUEST_RETURN: {"items": [{"position": 1, "quantity": 1}], "cause": "unwanted"},
}
OF_A_RETURN = (Kind.APPROVE_RETURN, Kind.REFUSE_RETURN, Kind.RECEIVE_RETURN)
KINDS = [kind for kind in RULES if kind not in (Kind.PLACE, Kind.RETRY_STEP)]


@pytest.fixture(scope="module", autouse=True)
def _own_database() -> Iterator[None]:
    """Its hundreds of orders stand on no list that another test looks at."""
    with database_of_its_own(f"eligibility{unique()}"):
        yield


each_condition = pytest.mark.parametrize("where", WHERE)


def offered_by(order: Order) -> dict[str, set[Kind]]:
    """What each interface offers; whether a step waits to be tried again, only Temporal knows."""
    order = Order.objects.get(pk=order.pk)
    return {
        Actor.STAFF: set(kinds_offered(order_view(order.pk))) - {Kind.RETRY_STEP},
        Actor.CLIENT: {Kind(kind) for kind in accepts(order)},
        Actor.CUSTOMER: set(open_changes(order)),
    }


def sent(order: Order, kind: Kind, actor: str) -> Any:
    """A command of this kind with all that it needs; as it is once it is settled."""
    args = ARGS.get(kind, {})
    if kind in OF_A_RETURN and (row := order.returns.first()):
        args = {"return": str(row.pk)}
    return command(order, kind, args=args, reason="A test.", actor=f"{actor}:1" if actor == "staff" else actor)


@each_condition
def test_nothing_that_is_offered_is_refused(where: str) -> None:
    offered = offered_by(WHERE[where]())
    # A shop is offered what staff are, and its commands are judged in the same way.
    for actor, kinds in {**offered, Actor.CLIENT: offered[Actor.CLIENT] - offered[Actor.STAFF]}.items():
        for kind in kinds:
            row = sent(WHERE[where](), kind, actor)
            assert row.state == "applied", f"{actor}, {kind}: {row.outcome}"


@each_condition
def test_what_is_not_offered_is_refused_for_the_reason_that_staff_read(where: str) -> None:
    view = order_view(WHERE[where]().pk)
    order = view.order
    for kind in set(KINDS) - offered_by(order)[Actor.STAFF] - view.open_kinds:
        if not (why := refusal(order, kind, actor="staff")):
            continue  # not offered for what was asked for already, which may be refused itself
        said = sent(order, kind, "staff").outcome  # refused, it leaves the order as it is
        assert (said, refusal_to_staff(view, kind)) == (why, why) or kind in {*ARGS, *OF_A_RETURN}, kind


@each_condition
def test_the_three_interfaces_offer_the_same(where: str) -> None:
    order = WHERE[where]()
    offered = offered_by(order)
    common = {kind for kind in KINDS if {Actor.STAFF, Actor.CLIENT} <= RULES[kind].actors}
    assert offered[Actor.STAFF] & common == offered[Actor.CLIENT] & common
    # How to go on with a parcel that a carrier lost is the shop's to decide.
    for_the_shop = {Kind.CANCEL} if where == "not delivered" else set()
    assert offered[Actor.CUSTOMER] == offered[Actor.STAFF] & set(CUSTOMERS_CHANGES) - for_the_shop


@dataclass(frozen=True)
class Refused:
    """A command that an order refuses, and how; `by_args`: for what it names, so that its kind is offered."""

    kind: Kind
    make: Callable[[], Order]
    says: str
    args: dict[str, Any] | None = None
    actor: str = "staff:1"
    reason: str = "A test."
    by_args: bool = False


def named(**args: Any) -> dict[str, Any]:
    return args


TAKEN_BACK = "The payment is already being cancelled."
NOT_YET = "This order has no shipping label yet."
NONE_FAILED = "No refund of this order has failed."
LABELLED = "The label is already booked, or being booked, with the previous address."
REFUSED = [
    Refused(Kind.HOLD, partial(held, Status.PAID), "The order is already on hold."),
    Refused(Kind.RELEASE, partial(an_order_in, Status.PAID), "The order is not on hold."),
    Refused(Kind.CANCEL, CONDITIONS["not delivered"], "The carrier already had the parcel", actor="customer"),
    Refused(Kind.UPDATE_ADDRESS, label_is_being_booked, LABELLED),
    Refused(
        Kind.UPDATE_ADDRESS,
        partial(an_order_in, Status.PAID),
        "The address cannot be used",
        args=named(address={"street": "1 Elm St"}),
        by_args=True,
    ),
    Refused(
        Kind.UPDATE_ADDRESS,
        partial(an_order_in, Status.PAID),
        "We do not ship to AQ.",
        args=named(address={"street": "1 Pole Rd", "city": "Vostok", "country": "AQ"}),
        by_args=True,
    ),
    Refused(Kind.CANCEL_PAYMENT, payment_goes_back, TAKEN_BACK),
    Refused(Kind.CANCEL_PAYMENT, WHERE["nothing to pay"], "There is nothing to pay for this order."),
    Refused(
        Kind.RETRY_PAYMENT,
        CONDITIONS["awaiting payment"],
        "The payment method cannot be used.",
        args=named(payment_method="cash"),
        by_args=True,
    ),
    Refused(Kind.SETTLE_PAYMENT, partial(an_order_in, Status.CHARGING), "No payment of this order has an unknown"),
    Refused(Kind.PICK, payment_goes_back, TAKEN_BACK),
    Refused(Kind.FAIL_PICKING, payment_goes_back, TAKEN_BACK),
    Refused(
        Kind.SHIP,
        CONDITIONS["to hand over"],
        "The carrier must have at most 40",
        args=named(carrier="x" * 41),
        by_args=True,
    ),
    Refused(
        Kind.SHIP,
        labelled_before_the_upgrade,
        "This order already has the label PA",
        args=named(tracking_number="ANOTHER"),
        by_args=True,
    ),
    Refused(Kind.SHIP, partial(label_is_being_booked, fulfilment="manual"), "The label is being booked right now."),
    Refused(Kind.DELIVER, partial(an_order_in, Status.PACKED), NOT_YET),
    Refused(Kind.FAIL_DELIVERY, partial(an_order_in, Status.PACKED), NOT_YET),
    Refused(Kind.REFUND, payment_goes_back, TAKEN_BACK),
    Refused(Kind.REFUND, refund_takes_all_that_is_left, "Nothing is left to refund."),
    Refused(Kind.REFUND, refund_leaves_the_least, "To refund the full payment before shipping"),
    *(
        Refused(
            Kind.REFUND,
            partial(an_order_in, Status.DELIVERED),
            "The refund must be between 0.01 USD and 99.99 USD.",
            args=named(amount=amount),
            by_args=True,
        )
        for amount in (10_000, 0, -1, True, "5")
    ),
    Refused(
        Kind.REFUND,
        partial(an_order_in, Status.DELIVERED, currency="EUR"),
        "A refund of this amount needs approval",
        args=named(amount=5_001),
        by_args=True,
    ),
    Refused(Kind.RETRY_REFUND, partial(an_order_in, Status.DELIVERED), NONE_FAILED),
    Refused(Kind.SETTLE_REFUND, partial(an_order_in, Status.DELIVERED), NONE_FAILED),
    Refused(Kind.REQUEST_RETURN, delivered_long_ago, "The return window of "),
    Refused(Kind.REQUEST_RETURN, everything_comes_back, "At most 0 of ABC123 can be returned, not 1."),
    Refused(
        Kind.REQUEST_RETURN,
        partial(an_order_in, Status.DELIVERED),
        "The cause must be one of",
        args={**ARGS[Kind.REQUEST_RETURN], "cause": "boredom"},
        by_args=True,
    ),
    Refused(Kind.APPROVE_RETURN, everything_comes_back, "Return 1 is approved and cannot be approved."),
    Refused(Kind.REFUSE_RETURN, everything_comes_back, "Return 1 is approved and cannot be refused."),
    Refused(Kind.RECEIVE_RETURN, CONDITIONS["return asked for"], "Return 1 is requested and cannot be received."),
    Refused(
        Kind.REFUSE_RETURN, CONDITIONS["return asked for"], "Give a reason for the refusal", reason=" ", by_args=True
    ),
    Refused(
        Kind.RECEIVE_RETURN,
        everything_comes_back,
        "At most 99.99 USD can be refunded",
        args=named(amount=9_999_999),
        by_args=True,
    ),
]
each_refusal = pytest.mark.parametrize("case", REFUSED, ids=[f"{it.kind}-{it.says[:30]}" for it in REFUSED])


@pytest.fixture
def one_person_may_give_fifty_euros(settings: Any) -> None:
    settings.REFUND_APPROVAL_LIMIT = {"EUR": Decimal(50)}


def arguments(case: Refused, order: Order) -> dict[str, Any]:
    of_a_return = {"return": str(order.returns.get().pk)} if case.kind in OF_A_RETURN else {}
    return {**of_a_return, **(case.args if case.args is not None else ARGS.get(case.kind, {}))}


@each_refusal
@pytest.mark.usefixtures("one_person_may_give_fifty_euros")
def test_it_is_refused_under_the_lock_and_nowhere_offered(case: Refused) -> None:
    order = case.make()
    row = request_command(order, case.kind, args=arguments(case, order), actor=case.actor, reason=case.reason)
    assert (row.state, row.outcome.startswith(case.says)) == ("rejected", True), row.outcome
    if not case.by_args:
        who = Actor(case.actor.partition(":")[0])
        assert case.kind not in offered_by(order)[who]
        assert case.kind not in offered_by(order)[Actor.CLIENT] or who is Actor.CUSTOMER


@pytest.mark.slow
@pytest.mark.parametrize("kind", checks.CHECKS)
@pytest.mark.usefixtures("one_person_may_give_fifty_euros")
def test_each_check_is_needed(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    every = checks.CHECKS[kind]
    for check in every:
        monkeypatch.setitem(checks.CHECKS, kind, tuple(other for other in every if other is not check))
        assert any(not _is_refused(case) for case in REFUSED if case.kind is kind), check


def _is_refused(case: Refused) -> bool:
    order = case.make()
    try:
        row = request_command(order, case.kind, args=arguments(case, order), actor=case.actor, reason=case.reason)
    except Exception:  # noqa: BLE001 - without its check, an effect may fail in any way
        return False
    return bool(row.state == "rejected" and row.outcome.startswith(case.says))


def test_a_refund_is_offered_by_what_is_left_less_what_is_on_its_way() -> None:
    order = an_order_in(Status.DELIVERED)
    command(order, "refund", args={"amount": order.total - 500})
    view = order_view(order.pk)
    assert (view.refundable, view.left) == (500, order.total)
    assert order.payments.get().state == Payment.State.CAPTURED


def test_what_an_earlier_command_may_change_is_not_refused_at_once() -> None:
    order = an_order_in(Status.PAID)
    hold, release = (request_command(order, kind, reason="A call.") for kind in ("hold", "release"))
    assert (hold.state, release.state) == ("pending", "pending")


def test_behind_a_cancellation_only_what_a_cancelling_order_accepts_is_offered() -> None:
    order = an_order_in(Status.PAID)
    request_command(order, "cancel")
    assert offered_by(order) == {Actor.STAFF: set(), Actor.CLIENT: set(), Actor.CUSTOMER: set()}
