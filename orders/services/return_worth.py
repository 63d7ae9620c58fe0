"""What pieces of an order were bought for, and so what goes back for them."""

from collections import Counter
from collections.abc import Mapping

from orders.models import Order
from orders.money import apportion
from orders.selectors.returns import received


def worth_of(order: Order, pieces: Mapping[int, int]) -> int:
    """What was paid for so many pieces of each item (by its id), beside those that came back before; minor units.

    Tax and discount belong to the goods and are shared out by price, to the last minor unit: what all pieces are worth
    adds up to what was paid for them. What was paid for shipping goes back with the last piece of the order, no sooner.
    """
    items = list(order.items.order_by("position"))
    before = received(order)
    goods = max(0, order.subtotal + order.tax - order.discount)
    worth = 0
    for item, paid in zip(items, apportion(goods, [item.amount for item in items]), strict=True):
        shares = apportion(paid, [1] * item.quantity)
        worth += sum(shares[before[item.pk] : before[item.pk] + pieces.get(item.pk, 0)])
    if before + Counter(pieces) == Counter({item.pk: item.quantity for item in items}):
        worth += order.total - goods
    return worth
