"""One predicate decides whether an order accepts a command: what is offered is not refused, and all say the same."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings

from orders.actors import Actor
from orders.api.answers import accepts
from orders.commands import RULES, Kind
from orders.lifecycle import Status
from orders.models import Order, Payment
from orders.selectors.backoffice import kinds_offered, order_view, refusal_to_staff
from orders.selectors.eligibility import checks, refusal
from orders.selectors.tracking import CUSTOMERS_CHANGES, open_changes
from tests.admin.conditions import with_all_payments
from tests.conftest import unique
from tests.factories import an_order_in, command, request_command
from tests.orders.eligibility_conditions import WHERE
from tests.orders.refused_commands import ARGS, OF_A_RETURN, REFUSED, Refused, args_of
from tests.plugin import database_of_its_own

KINDS = [kind for kind in RULES if kind not in (Kind.PLACE, Kind.RETRY_STEP)]


@pytest.fixture(scope="module", autouse=True)
def _own_database() -> Iterator[None]:
    """Its hundreds of orders stand on no list that another test looks at."""
    with database_of_its_own(f"eligibility{unique()}"), with_all_payments():
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
    args = args_of(kind)
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


each_refusal = pytest.mark.parametrize("case", REFUSED, ids=[f"{it.kind}-{it.says[:30]}" for it in REFUSED])


@pytest.fixture
def one_person_may_give_fifty_euros(settings: Any) -> None:
    settings.REFUND_APPROVAL_LIMIT = {"EUR": Decimal(50)}


def arguments(case: Refused, order: Order) -> dict[str, Any]:
    of_a_return = {"return": str(order.returns.get().pk)} if case.kind in OF_A_RETURN else {}
    return {**of_a_return, **(case.args if case.args is not None else args_of(case.kind))}


@each_refusal
@pytest.mark.usefixtures("one_person_may_give_fifty_euros")
def test_it_is_refused_under_the_lock_and_nowhere_offered(case: Refused) -> None:
    order = case.make()
    with override_settings(**case.settings):
        _is_refused_and_not_offered(case, order)


def _is_refused_and_not_offered(case: Refused, order: Order) -> None:
    row = request_command(order, case.kind, args=arguments(case, order), actor=case.actor, reason=case.reason)
    assert (row.state, row.outcome.startswith(case.says)) == ("rejected", True), row.outcome
    if not case.by_args:
        who = Actor(case.actor.partition(":")[0])
        assert case.kind not in offered_by(order).get(who, set())
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
        with override_settings(**case.settings):
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
