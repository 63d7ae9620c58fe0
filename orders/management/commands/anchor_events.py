"""manage.py anchor_events."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orders.errors import AnchorsUnusable
from orders.services.event_anchors.anchoring import anchor_events


class Command(BaseCommand):
    """A run by hand; the order worker makes one every EVENT_ANCHOR_INTERVAL seconds."""

    help = "Sign the newest event of each order that changed since the last run into the file EVENT_ANCHORS."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which orders."""
        parser.add_argument("--all", action="store_true", help="all orders, whether they were anchored before or not")

    def handle(self, *args: Any, **options: Any) -> None:
        """Anchor them, and say how many."""
        try:
            count = anchor_events(everything=options["all"])
        except AnchorsUnusable as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{count} orders anchored in {settings.EVENT_ANCHORS}." if count else "Nothing to anchor.")
