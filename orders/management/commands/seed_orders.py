"""manage.py seed_orders."""

import time
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

from orders.services.seeding.copying import seed, tidy


class Command(BaseCommand):
    """For trying out and measuring: a database that is to hold real orders is no place for these."""

    help = (
        "Create COUNT made-up orders in all statuses: most are delivered, one in a hundred is open. "
        "They are not processed and cannot be deleted."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many, and how far back."""
        parser.add_argument("count", type=_positive, metavar="COUNT", help="how many orders")
        parser.add_argument("--days", type=_positive, default=365, help="placed within this many days (default: 365)")
        parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers (default: 1)")
        parser.add_argument("--yes", action="store_true", help="do it even if SEED_ORDERS is not set")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them."""
        if not (settings.SEED_ORDERS or options["yes"]):
            name = connection.settings_dict["NAME"]
            raise CommandError(
                f"Made-up orders cannot be deleted. If the database {name!r} is meant for them, "
                "set SEED_ORDERS=true or pass --yes."
            )
        began, count = time.monotonic(), options["count"]
        with _progress() as progress:
            task = progress.add_task("Orders", total=count)
            for written in seed(count, days=options["days"], chance=options["seed"]):
                progress.advance(task, written)
            progress.update(task, description="Vacuum")
            tidy()
        self.stdout.write(f"{count} orders in {time.monotonic() - began:.0f} s.")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError("must be a whole number above zero")
    return int(text)


def _progress() -> Progress:
    """On stderr, where a person looks; nothing where nobody does."""
    console = Console(stderr=True)
    columns = (
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
