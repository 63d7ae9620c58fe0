"""Reconciles payments with the gateways periodically, in one of all order workers."""

import logging
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from orders.errors import GatewayUnavailable
from orders.services.payments.reconciliation import LEAD, reconcile
from workflows.periodic_loop import LeaderLoop

logger = logging.getLogger(__name__)


class PaymentReconciliationLoop(LeaderLoop):
    """A run of `reconcile_payments` in each round, over the time of two rounds, so that a missed one is made up for."""

    name = "reconciliation of payments"
    lock = LEAD
    # Not at once: workers that are replaced in a deploy would each begin one.
    first_round_after = 600.0

    def __init__(self) -> None:
        super().__init__(interval=settings.RECONCILE_PAYMENTS_INTERVAL)

    def lead(self) -> int:
        """Compare the payments; returns how many differences were found."""
        found = 0
        try:
            for row in reconcile(since=timezone.now() - timedelta(seconds=2 * settings.RECONCILE_PAYMENTS_INTERVAL)):
                found += 1
                logger.warning("%s (%s): order %s.", row, row.state, row.order_id or "unknown")
                if self._stop.is_set():
                    break
        except GatewayUnavailable as error:
            logger.warning("Payments could not all be reconciled: %s", error.message)
        return found
