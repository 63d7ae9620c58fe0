"""manage.py run_simulated_gateway."""

import contextlib
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from orders.gateways.payments.simulated import SimulatedPayments
from orders.gateways.payments.simulated_server import GatewayServer


class Command(BaseCommand):
    """For `PAYMENT_GATEWAY=simulated_http`: the same ledger and the same tokens, with a network between."""

    help = "Run the simulated payment gateway as an HTTP server on 127.0.0.1."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where it listens."""
        parser.add_argument("--port", type=int, default=8100)

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until SIGTERM or SIGINT."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        payments = SimulatedPayments(settings.SIMULATED_DIR, timeout=settings.GATEWAY_TIMEOUT)
        with contextlib.suppress(KeyboardInterrupt), GatewayServer(("127.0.0.1", options["port"]), payments) as server:
            self.stdout.write(f"The simulated gateway is ready at http://127.0.0.1:{server.server_port}.")
            self.stdout.flush()
            server.serve_forever()
