"""manage.py reconcile."""

import asyncio
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand
from temporalio.service import RPCError

from workflows.client import connect
from workflows.reconciler import Reconciler
from workflows.shutdown import end_process


class Command(BaseCommand):
    """Runs one round of the reconciler; workers may run theirs at the same time."""

    help = "Compare PostgreSQL with Temporal, restart missing workflows, and print what was found and done."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only print what would be done")
        parser.add_argument("--all", action="store_true", help="check all unfinished orders, not only a sample of 200")

    def handle(self, *args: Any, **options: Any) -> NoReturn:
        code = 0
        try:
            self.stdout.write(asyncio.run(_round(dry_run=options["dry_run"], everything=options["all"])))
        except (RuntimeError, RPCError) as error:
            reason = f": {error.message}" if isinstance(error, RPCError) else ""
            self.stderr.write(f"Temporal does not answer at {settings.TEMPORAL_ADDRESS}{reason}.")
            code = 1
        end_process(code)


async def _round(*, dry_run: bool, everything: bool) -> str:
    reconciler = Reconciler(await connect(), stuck_after=0, dry_run=dry_run)
    return str(await reconciler.round(everything=everything))
