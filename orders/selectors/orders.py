"""Named reads for the API, the admin, the pages and the process."""

from uuid import UUID

from orders.errors import OrderNotFound
from orders.models import Order


def order_by_id(order_id: UUID) -> Order:
    """The order with this id.

    Raises:
        OrderNotFound: there is none.
    """
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise OrderNotFound(f"There is no order {order_id}.")
    return order
