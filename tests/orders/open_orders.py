"""Orders in every condition in which something may be open of them, beside those of `tests/admin/conditions.py`."""

from collections.abc import Callable
from functools import partial

from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import Order
from orders.services.commands.approvals import issue_or_ask
from orders.services.commands.rows import CommandRequest
from orders.services.orders.cancellation import finish_cancellation
from orders.services.orders.placement import NewItem
from orders.services.payments import refunds
from orders.services.returns.deadlines import pass_return_deadline
from orders.services.state.deliveries import write_mail
from tests.admin.conditions import CONDITIONS
from tests.factories import a_return, an_order_in, command, request_command

DEAR = [NewItem(sku="DESK", quantity=2, unit_price=24_950, name="Desk")]


def refunded(amount: int, *, paid: bool = True, status: Status = Status.DELIVERED) -> Order:
    order = an_order_in(status, items=DEAR)
    assert command(order, "refund", args={"amount": amount}, reason="A scratch.").state == "applied"
    if paid:
        refunds.pay_refunds(order.pk)
    return order


def refund_refused() -> Order:
    order = an_order_in(Status.DELIVERED, payment_method="tok_refund_refused")
    command(order, "refund", args={"amount": 100}, reason="A scratch.")
    refunds.pay_refunds(order.pk)
    return order


def return_undecided() -> Order:
    order = an_order_in(Status.DELIVERED)
    pass_return_deadline(order.pk, a_return(order).pk, "requested")
    return order


def return_received() -> Order:
    order = an_order_in(Status.DELIVERED)
    row = a_return(order, approved=True)
    command(order, "receive_return", args={"return": str(row.pk)})
    return order


def mailed(state: str, error: str) -> Order:
    order = an_order_in(Status.DELIVERED)
    row = write_mail(order, template="delivered")
    order.deliveries.filter(pk=row.pk).update(state=state, last_error=error)
    return order


def payment_asked_again() -> Order:
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="tok_declined")
    request_command(order, "retry_payment", actor="customer", args={"payment_method": "tok_ok"})
    return order


def cancelled_while(ask: Callable[[Order], object], status: Status) -> Order:
    """A cancelled order of which this was asked before, and is not decided."""
    order = an_order_in(status, items=[NewItem(sku="SOFA", quantity=1, unit_price=90_000)])
    ask(order)
    if status is not Status.CANCELLING:
        command(order, "cancel")
    refunds.return_payment(order.pk)
    finish_cancellation(order.pk)
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    return order


def large_refund(order: Order) -> object:
    asked = CommandRequest(kind=Kind.REFUND, actor="operator", reason="Scratched.", args={"amount": 60_000})
    return issue_or_ask(order.pk, asked)


EVERY: dict[str, Callable[[], Order]] = {
    **CONDITIONS,
    "refunded in part": partial(refunded, 42_450),
    "refunded in part when paid": partial(refunded, 100, status=Status.PAID),
    "refunded in full": partial(refunded, 49_900),
    "refund pending": partial(refunded, 100, paid=False),
    "refund refused": refund_refused,
    "return undecided": return_undecided,
    "return received": return_received,
    "mail waits": partial(mailed, "pending", "The mail server said 451."),
    "mail failed": partial(mailed, "failed", "The mail server refuses the mail: 554."),
    "mail overtaken": partial(mailed, "failed", "A later mail has told the customer more."),
    "paying again": payment_asked_again,
    "cancelled while a refund waits": partial(cancelled_while, large_refund, Status.PAID),
    "cancelled while a command is open": partial(
        cancelled_while, lambda order: request_command(order, "retry_step"), Status.CANCELLING
    ),
    **{f"merely {status}": partial(an_order_in, status) for status in (Status.RECEIVED, Status.CHARGING)},
    "invalid": partial(an_order_in, Status.INVALID, items=[NewItem(sku="MANY", quantity=101, unit_price=1)]),
}
