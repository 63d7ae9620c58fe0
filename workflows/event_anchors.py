"""Anchors events periodically, in one of all order workers."""

import logging
import threading

from django.conf import settings

from orders.errors import AnchorsUnusable
from orders.services.event_anchors.anchoring import LEAD, anchor_events
from workflows.periodic_loop import LeaderLoop

logger = logging.getLogger(__name__)


class EventAnchorLoop(LeaderLoop):
    """A run of `anchor_events` in each round."""

    name = "anchoring of events"
    lock = LEAD

    def __init__(self) -> None:
        super().__init__(interval=settings.EVENT_ANCHOR_INTERVAL)
        self._is_stopping = threading.Event()

    def lead(self) -> int | None:
        """Anchor what is new; returns how many orders."""
        try:
            return anchor_events(is_stopping=self._is_stopping.is_set)
        except AnchorsUnusable as error:
            logger.warning(error.message)
            return None

    async def shutdown(self) -> None:
        """End the run after the lines that it is writing; the next one begins where it did."""
        self._is_stopping.set()
        await super().shutdown()
