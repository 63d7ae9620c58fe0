"""A worker that is killed while a return is refunded: the refund is made once, and the return comes to its end."""

from orders.lifecycle import Status
from orders.models import Return
from tests.conftest import eventually
from tests.factories import an_order_in, kinds, settled, wish
from tests.faults.conftest import World

ONE_PIECE = {"items": [{"position": 1, "quantity": 1}], "cause": "damaged"}


def test_it_refunds_a_return_once_though_the_worker_is_killed_while_the_gateway_is_called(world: World) -> None:
    worker = world.start_order_worker()
    order = an_order_in(Status.DELIVERED, payment_method="tok_slow")
    asked = settled(wish(order, "request_return", args=ONE_PIECE))
    about = {"return": str(asked.pk)}
    settled(wish(order, "approve_return", args=about))
    settled(wish(order, "receive_return", args=about))
    worker.kill()
    assert Return.objects.get(pk=asked.pk).state == "received"
    world.start_order_worker()
    eventually(lambda: Return.objects.filter(pk=asked.pk, state="refunded").exists(), 40)
    assert kinds("payments", order) == ["capture", "refund"]
    world.ends_well()
