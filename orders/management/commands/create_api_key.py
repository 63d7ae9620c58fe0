"""manage.py create_api_key NAME."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.services.api_keys import DEFAULT_SCOPES, SCOPES, create_api_key, revoke_api_keys


class Command(BaseCommand):
    """Prints the key alone on stdout, so that a script can take it."""

    help = "Make an API key for the client NAME (made if new) and print it, this once."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who it is for, and what they may do."""
        parser.add_argument("name", help="the shop, warehouse or carrier")
        parser.add_argument("--scope", action="append", choices=SCOPES, help="what a new client may do; repeatable")
        parser.add_argument("--revoke", action="store_true", help="revoke the client's older keys")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it."""
        name = options["name"].strip()
        if not name:
            raise CommandError("The client needs a name.")
        if options["revoke"]:
            revoked = revoke_api_keys(name)
            self.stderr.write(f"{revoked} older keys are revoked.")
        self.stdout.write(create_api_key(name, options["scope"] or DEFAULT_SCOPES))
