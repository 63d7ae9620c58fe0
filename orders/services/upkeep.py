"""What is done now and then, so that nothing piles up and nothing is left half done at the doors."""

from orders.services import idempotency, webhooks


def upkeep() -> None:
    """Forget old answers, and make commands of webhooks whose receipt was cut short."""
    idempotency.sweep()
    webhooks.carry_on()
