"""What is done now and then, so that nothing piles up and nothing is left half done."""

from orders.services.commands import bulk_runs, idempotency, incoming_webhooks
from orders.services.customers import proof, throttles
from orders.services.notifications import review_delays, webhook_endpoints


def upkeep() -> None:
    """Forget what is old, make commands of webhooks cut short, end what goes nowhere, tell of delays."""
    idempotency.sweep()
    throttles.sweep()
    proof.sweep()
    bulk_runs.sweep()
    incoming_webhooks.process_stored()
    webhook_endpoints.fail_deliveries_of_inactive()
    review_delays.notify_of_long_reviews()
