"""Settles what customers pay by themselves, in one of all order workers."""

from orders.services.checkouts.settlement import LEAD, settle_due
from workflows.periodic_loop import LeaderLoop

# Seconds. Nobody waits for it: a customer who returns from the payment page has the gateway asked at once.
INTERVAL = 2.0


class CheckoutPaymentLoop(LeaderLoop):
    """Asks the gateways about the payments that are due to be checked."""

    name = "settlement of checkout payments"
    lock = LEAD

    def __init__(self) -> None:
        super().__init__(interval=INTERVAL)

    def lead(self) -> int:
        """Settle them; returns how many there were."""
        return settle_due(self._stop.is_set)
