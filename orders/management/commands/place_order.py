"""manage.py place_order."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from pydantic import ValidationError

from orders.actors import Actor
from orders.api.forms import new_order
from orders.api.schemas import OrderIn
from orders.errors import OrderError
from orders.management.follow import follow, outcome
from orders.services.customers.access import tracking_url
from orders.services.orders.placement import place_order

EXAMPLE = {
    "customer_name": "John Doe",
    "customer_email": "john@example.com",
    "items": [{"sku": "ABC123", "qty": 1, "price": "99.99"}],
    "shipping_address": {"street": "123 Main St", "city": "Anytown", "state": "CA"},
}


class Command(BaseCommand):
    """Writes rows, as the API does, so that it needs no Temporal; the workers carry the order."""

    help = "Place an order, an example or one from a JSON file, and follow it live."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to place."""
        parser.add_argument("--json", metavar="FILE", help="the order as JSON, as in POST /orders; - for stdin")
        parser.add_argument("--payment-method", help="a token, such as tok_ok or tok_declined")
        parser.add_argument("--service-level", help="standard, express, or sim_... for failures")
        parser.add_argument("--no-follow", action="store_true", help="only print the order's id, do not follow")
        parser.add_argument("--timeout", type=float, metavar="SECONDS", help="stop following after this time")

    def handle(self, *args: Any, **options: Any) -> None:
        """Place it."""
        order = self._place(_content(options))
        if options["no_follow"]:
            self.stdout.write(str(order.pk))
            return
        self.stdout.write(f"Order {order.code} ({order.pk}), {order.total_in_words}")
        self.stdout.write(f"Customer page: {tracking_url(order)}")
        try:
            order = follow(order, self.stdout.write, seconds=options["timeout"])
        except KeyboardInterrupt:
            self.stdout.write("Stopped following. The order continues.")
            return
        self.stdout.write(outcome(order))

    def _place(self, content: object) -> Any:
        try:
            return place_order(new_order(OrderIn.model_validate(content)), actor=Actor.OPERATOR)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            raise CommandError(f"The order is not valid: {faults}") from None
        except OrderError as error:
            raise CommandError(f"The order is not valid: {error.message}") from None


def _content(options: dict[str, Any]) -> object:
    content: Any = EXAMPLE
    if source := options["json"]:
        try:
            content = json.loads(sys.stdin.read() if source == "-" else Path(source).read_text())
        except (OSError, ValueError, RecursionError) as error:
            raise CommandError(f"Cannot read the order from {source}: {error}") from None
    given = {name: options[name] for name in ("payment_method", "service_level") if options[name]}
    return {**content, **given} if isinstance(content, dict) else content
