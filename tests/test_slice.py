from orders.lifecycle import Status
from tests.factories import an_order_in, command


def test_it_delivers():
    order = an_order_in(Status.DELIVERED)
    assert order.events.count() == 11

def test_it_cancels():
    order = an_order_in(Status.CANCELLED)
    assert order.payments.get().refunded == 9999
