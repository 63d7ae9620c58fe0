"""What is done now and then, so that nothing piles up and nothing is left half done."""

from orders.services import bulk, delays, endpoints, idempotency, proof, throttles, webhooks


def upkeep() -> None:
    """Forget what is old, make commands of webhooks cut short, end what goes nowhere, tell of delays."""
    idempotency.sweep()
    throttles.sweep()
    proof.sweep()
    bulk.sweep()
    webhooks.carry_on()
    endpoints.fail_of_inactive()
    delays.tell_of_long_reviews()
