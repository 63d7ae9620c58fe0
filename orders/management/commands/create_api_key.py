"""manage.py create_api_key NAME."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.management.typed import typed
from orders.selectors.clients import keys_of_client
from orders.services.api_keys import DEFAULT_SCOPES, SCOPES, create_api_key, revoke_api_keys


class Command(BaseCommand):
    """Prints the key alone on stdout, so that a script can take it."""

    help = "Make an API key for the client NAME (made if new) and print it, this once."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who it is for, and what they may do."""
        parser.add_argument("name", help="the shop, warehouse or carrier")
        parser.add_argument("--scope", action="append", choices=SCOPES, help="what a new client may do; repeatable")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--revoke", action="store_true", help="revoke the client's older keys")
        instead.add_argument("--list", action="store_true", help="make none; list the client's keys")
        instead.add_argument("--revoke-key", metavar="PREFIX", help="make none; revoke the key that begins so")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it."""
        name = typed("name", options["name"])
        if not name:
            raise CommandError("The client needs a name.")
        if options["list"]:
            return self._list(name)
        if prefix := options["revoke_key"]:
            return self._revoke(name, prefix)
        if options["revoke"]:
            revoked = revoke_api_keys(name)
            self.stderr.write(f"{revoked} older keys are revoked.")
        self.stdout.write(create_api_key(name, options["scope"] or DEFAULT_SCOPES))
        return None

    def _list(self, name: str) -> None:
        for key in keys_of_client(name):
            state = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "live"
            self.stdout.write(f"{key.prefix}…  made {key.created_at:%Y-%m-%d %H:%M}  {state}")

    def _revoke(self, name: str, prefix: str) -> None:
        revoked = revoke_api_keys(name, prefix)
        if not revoked:
            raise CommandError("The client has no live key that begins so.")
        self.stdout.write(f"{revoked} revoked.")
