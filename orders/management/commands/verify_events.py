"""manage.py verify_events."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from orders.errors import OrderError
from orders.management.typed import typed
from orders.selectors.orders import order_by_name
from orders.services.orders.verification import orders_about, strays, verified


class Command(BaseCommand):
    """Reads only, as of one moment; memory does not grow with the number of orders."""

    help = "Check the events of all orders, or of one: numbering, transitions and hash chain."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which order."""
        parser.add_argument("order", nargs="?", help="the order's id or code; default: all orders")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check them; a line for each fault on stdout."""
        order_id = _order_id(options["order"])
        orders, events, faults = 0, 0, 0
        with _progress() as progress:
            task = progress.add_task("Orders", total=1 if order_id else orders_about())
            for result in verified(order_id):
                orders, events, faults = orders + 1, events + result.events, faults + len(result.faults)
                for fault in result.faults:
                    self.stdout.write(f"Order {result.order.code} ({result.order.pk}): {fault}")
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
