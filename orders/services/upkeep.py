"""Periodic maintenance."""

from orders.services.commands import bulk_runs, idempotency, incoming_webhooks, issue
from orders.services.customers import proof, throttles
from orders.services.notifications import review_delays, webhook_endpoints
from orders.services.payments import capturing

# Orders whose authorisation lapses soon, in one round.
MAX_FLAGGED = 100


def upkeep() -> None:
    """Delete what has expired, process interrupted webhooks, fail deliveries of inactive endpoints, tell customers of
    long reviews, allocate stock to orders that wait, and tell staff of authorisations that lapse.
    """
    idempotency.sweep()
    throttles.sweep()
    proof.sweep()
    bulk_runs.sweep()
    incoming_webhooks.process_stored()
    webhook_endpoints.fail_deliveries_of_inactive()
    capturing.flag_lapsing(MAX_FLAGGED)
    issue.issue_for_waiting()
    review_delays.notify_of_long_reviews()
