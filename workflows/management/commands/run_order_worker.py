"""manage.py run_order_worker."""

from typing import Any

from django.core.management.base import BaseCommand

from workflows.worker import order_processes, run_to_the_end


class Command(BaseCommand):
    """Runs the order worker until SIGTERM or Ctrl-C; any number may run."""

    help = "Run a worker for the task queue 'orders'."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        run_to_the_end("order", order_processes, self.stdout)
