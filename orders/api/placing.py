"""Placing one order for a client, once per idempotency key: by itself or as one of a batch."""

from typing import Any

from orders.api import answers
from orders.api.auth import actor_of
from orders.api.forms import new_order
from orders.api.outcomes import in_order, refusal
from orders.api.results import PlacedOut
from orders.api.schemas import OrderIn
from orders.errors import PaymentTaken, ReferenceTaken
from orders.models import ApiClient
from orders.services.commands import idempotency
from orders.services.customers.access import payment_url, tracking_url
from orders.services.orders.placement import place_order

# The route that the keys belong to, whichever way the order was sent.
ROUTE = "/orders"


def place_once(client: ApiClient, sent: OrderIn, key: str) -> idempotency.Answer:
    """The stored answer: the order, or the refusal of its reference or payment. Without a key, it is always placed.

    Raises:
        InvalidOrder: the total is zero or negative.
        IdempotencyKeyInFlight, IdempotencyKeyReused: as for `idempotency.once`.
    """
    new = new_order(sent)

    def effect() -> idempotency.Answer:
        try:
            order = place_order(new, actor=actor_of(client), client=client)
        except (PaymentTaken, ReferenceTaken) as error:
            return refusal(error)
        stored = answers.placed(order).model_dump(mode="json", exclude={"tracking_url", "payment_url"})
        return idempotency.Answer(201, stored, order)

    if not key:
        return effect()
    content = sent.model_dump(mode="json")
    return idempotency.insert_once(
        idempotency.Request(client=client, method="POST", route=ROUTE, key=key, content=content), effect
    )


def placed_body(answer: idempotency.Answer) -> dict[str, Any] | None:
    """What the client gets for the order; None if it was refused."""
    if answer.order is None:
        return None
    urls = {"tracking_url": tracking_url(answer.order), "payment_url": payment_url(answer.order)}
    return in_order({**answer.body, **urls}, PlacedOut)
