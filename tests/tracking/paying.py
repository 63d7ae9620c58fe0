"""What customers do who pay on the simulated gateway's page."""

from typing import Any

from django.test import Client

from orders.gateways.payments.configured import gateway_named
from orders.gateways.payments.simulated import SimulatedPayments
from orders.lifecycle import Status
from orders.models import CheckoutPayment, Order
from tests.factories import an_order_in

Answer = Any  # what Django's test client returns has no public name
State = CheckoutPayment.State


def unpaid(status: Status = Status.AWAITING_PAYMENT, **fields: Any) -> Order:
    return an_order_in(status, **{"payment_method": "checkout", **fields})


def page_of(order: Order, part: str = "") -> str:
    return f"/track/{order.code}/{part}"


def press_pay(client: Client, order: Order) -> Answer:
    return client.post(page_of(order, "payment/"))


def come_back(client: Client, order: Order) -> Answer:
    return client.get(page_of(order, "paid/"))


def simulated() -> SimulatedPayments:
    gateway = gateway_named("simulated")
    assert isinstance(gateway, SimulatedPayments)
    return gateway


def pay_there(order: Order) -> None:
    """What the customer does on the gateway's page."""
    simulated().pay_checkout(order.checkouts.get(state=State.OPEN).reference, "tok_ok")


def paid_there(order: Order, client: Client) -> Answer:
    """The answer to a customer who has paid, and comes back."""
    press_pay(client, order)
    pay_there(order)
    return come_back(client, order)


def states(order: Order) -> list[str]:
    return [row.state for row in order.checkouts.order_by("created_at")]
