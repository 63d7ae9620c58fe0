"""What is done now and then, so that nothing piles up and nothing is left half done at the doors."""

from orders.services import idempotency, throttles, webhooks


def upkeep() -> None:
    """Forget old answers and counts, and make commands of webhooks whose receipt was cut short."""
    idempotency.sweep()
    throttles.sweep()
    webhooks.carry_on()
