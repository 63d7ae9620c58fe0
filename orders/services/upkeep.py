"""What is done now and then, so that nothing piles up and nothing is left half done at the doors."""

from orders.services import endpoints, idempotency, proof, throttles, webhooks


def upkeep() -> None:
    """Forget old answers, counts and codes, make commands of webhooks cut short, end what goes nowhere."""
    idempotency.sweep()
    throttles.sweep()
    proof.sweep()
    webhooks.carry_on()
    endpoints.fail_of_inactive()
