"""manage.py verify_events."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from orders.errors import AnchorsUnusable, OrderError
from orders.management.typed import typed
from orders.selectors.orders import order_by_name
from orders.services.event_anchors.comparison import Anchors, Comparison, read_anchors
from orders.services.event_anchors.signed_lines import anchor_keys
from orders.services.orders.verification import Verified, orders_about, strays, verified


class Command(BaseCommand):
    """Reads only, as of one moment; memory does not grow with the number of orders."""

    help = "Check the events of all orders, or of one: numbering, transitions, hash chain and, if named, anchors."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which order, and beside which anchors."""
        parser.add_argument("order", nargs="?", help="the order's id or code; default: all orders")
        parser.add_argument(
            "--anchors", nargs="?", const="", metavar="FILE", help="compare with the anchors in FILE, or EVENT_ANCHORS"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check them; a line for each fault on stdout."""
        order_id = _order_id(options["order"])
        if options["anchors"] is None:
            self._check(order_id, verified(order_id))
            return
        path = Path(options["anchors"] or settings.EVENT_ANCHORS)
        try:
            with read_anchors(path, anchor_keys(), order_id=order_id) as anchors:
                self._compare(order_id, anchors)
        except AnchorsUnusable as error:
            raise CommandError(error.message) from None

    def _compare(self, order_id: UUID | None, anchors: Anchors) -> None:
        lines = anchors.check
        for sentence in lines.notes + lines.faults:
            self.stdout.write(f"Anchors: {sentence}.")
        comparison = Comparison(anchors)
        try:
            self._check(order_id, comparison.results(verified(order_id)), faults=len(lines.faults))
        finally:
            until = f"Anchored until {lines.until}, in {lines.lines} lines" if lines.until else "Nothing is anchored"
            self.stdout.write(f"{until}. {comparison.newer} orders have events that are not anchored.")

    def _check(self, order_id: UUID | None, results: Iterator[Verified], *, faults: int = 0) -> None:
        orders, events = 0, 0
        with _progress() as progress:
            task = progress.add_task("Orders", total=1 if order_id else orders_about())
            for result in results:
                orders, events, faults = orders + 1, events + result.events, faults + len(result.faults)
                for fault in result.faults:
                    self.stdout.write(f"{result.title}: {fault}")
                progress.advance(task)
            for stray in [] if order_id else strays():
                faults += 1
                self.stdout.write(stray)
        if faults:
            raise CommandError(f"{faults} faults in {events} events of {orders} orders.")
        self.stdout.write(f"{events} events of {orders} orders are valid.")


def _order_id(name: str | None) -> UUID | None:
    try:
        return order_by_name(typed("order", name)).pk if name else None
    except OrderError as error:
        raise CommandError(error.message) from None


def _progress() -> Progress:
    """On stderr, where a person looks; nothing where nobody does."""
    console = Console(stderr=True)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
