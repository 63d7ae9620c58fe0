"""What is done now and then, so that nothing piles up and nothing is left half done at the doors."""

from orders.services import endpoints, idempotency, throttles, webhooks


def upkeep() -> None:
    """Forget old answers and counts, make commands of webhooks whose receipt was cut short, end what goes nowhere."""
    idempotency.sweep()
    throttles.sweep()
    webhooks.carry_on()
    endpoints.fail_of_inactive()
