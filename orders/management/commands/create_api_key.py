"""manage.py create_api_key NAME."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.management.typed import typed
from orders.models import ApiClient
from orders.selectors.clients import client_of_name, keys_of_client
from orders.services.staff.api_keys import SCOPES, create_api_key, revoke_api_keys

SCOPE_HELP = "what the client may do with all its keys, added to what it may already; repeatable"


class Command(BaseCommand):
    """Prints the key alone on stdout, so that a script can take it, and what the key may do on stderr."""

    help = "Make an API key for the client NAME (made if new) and print it, this once."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who it is for, and what they may do."""
        parser.add_argument("name", help="the shop, warehouse or carrier")
        parser.add_argument("--scope", action="append", choices=SCOPES, help=SCOPE_HELP)
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--revoke", action="store_true", help="revoke the client's older keys")
        instead.add_argument("--list", action="store_true", help="make none; list the client's keys")
        instead.add_argument("--revoke-key", metavar="PREFIX", help="make none; revoke the key that begins so")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it."""
        name = typed("name", options["name"])
        if not name:
            raise CommandError("The client needs a name.")
        if options["scope"] and (options["list"] or options["revoke_key"]):
            raise CommandError("--scope goes with a new key: leave out --list and --revoke-key.")
        if options["list"]:
            return self._list(name)
        if prefix := options["revoke_key"]:
            return self._revoke(name, prefix)
        if options["revoke"]:
            revoked = revoke_api_keys(name)
            self._say(f"{revoked} older keys are revoked.")
        before = client_of_name(name)
        self.stdout.write(create_api_key(name, options["scope"] or ()))
        self._explain(before, client_of_name(name))
        return None

    def _explain(self, before: ApiClient | None, client: ApiClient | None) -> None:
        """What the key may do, and how it may do more."""
        if client is None:
            return
        self._say(f"{client.name} may: {', '.join(client.scopes) or 'nothing'}.")
        if before and before.scopes != client.scopes:
            self._say(f"Its older keys may so too; before, they had: {', '.join(before.scopes) or 'nothing'}.")
        if lacking := [scope for scope in SCOPES if scope not in client.scopes]:
            self._say(
                f"It may not: {', '.join(lacking)}. Give it more with --scope, or in the admin under API clients."
            )
        if not client.is_active:
            self._say("It is switched off: no key of it works until it is switched on in the admin.")

    def _say(self, line: str) -> None:
        self.stderr.write(line, str)

    def _list(self, name: str) -> None:
        for key in keys_of_client(name):
            state = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "live"
            self.stdout.write(f"{key.prefix}…  made {key.created_at:%Y-%m-%d %H:%M}  {state}")

    def _revoke(self, name: str, prefix: str) -> None:
        revoked = revoke_api_keys(name, prefix)
        if not revoked:
            raise CommandError("The client has no live key that begins so.")
        self.stdout.write(f"{revoked} revoked.")
