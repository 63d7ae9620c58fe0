"""manage.py run_shipping_worker."""

from typing import Any

from django.core.management.base import BaseCommand

from workflows.worker import run_to_the_end, shipping_processes


class Command(BaseCommand):
    """Runs the shipping worker until SIGTERM or Ctrl-C; any number may run."""

    help = "Run a worker for the task queue 'shipping'."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        run_to_the_end("shipping", shipping_processes, self.stdout)
