"""manage.py create_api_key NAME."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.management.typed import typed
from orders.models import ApiClient
from orders.selectors.clients import client_of_name, keys_of_client
from orders.services.staff.api_keys import SCOPES, create_api_key, revoke_api_keys

SCOPE_HELP = "scope to add to the client, valid for all its keys; repeatable"


class Command(BaseCommand):
    """Prints the key alone on stdout, so that a script can take it, and what the key may do on stderr."""

    help = "Create an API key for the client NAME, creating the client if needed, and print it once."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who it is for, and what they may do."""
        parser.add_argument("name", help="the shop, warehouse or carrier")
        parser.add_argument("--scope", action="append", choices=SCOPES, help=SCOPE_HELP)
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--revoke", action="store_true", help="revoke the client's older keys")
        instead.add_argument("--list", action="store_true", help="list the client's keys, create none")
        instead.add_argument("--revoke-key", metavar="PREFIX", help="revoke the key with this prefix, create none")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it."""
        name = typed("name", options["name"])
        if not name:
            raise CommandError("The client needs a name.")
        if options["scope"] and (options["list"] or options["revoke_key"]):
            raise CommandError("--scope cannot be combined with --list or --revoke-key.")
        if options["list"]:
            return self._list(name)
        if prefix := options["revoke_key"]:
            return self._revoke(name, prefix)
        if options["revoke"]:
            revoked = revoke_api_keys(name)
            self._say(f"{revoked} older keys revoked.")
        before = client_of_name(name)
        self.stdout.write(create_api_key(name, options["scope"] or ()))
        self._explain(before, client_of_name(name))
        return None

    def _explain(self, before: ApiClient | None, client: ApiClient | None) -> None:
        """What the key may do, and how it may do more."""
        if client is None:
            return
        self._say(f"Scopes of {client.name}: {', '.join(client.scopes) or 'nothing'}.")
        if before and before.scopes != client.scopes:
            self._say(f"Its older keys get the same scopes (before: {', '.join(before.scopes) or 'none'}).")
        if lacking := [scope for scope in SCOPES if scope not in client.scopes]:
            self._say(f"Not granted: {', '.join(lacking)}. Add scopes with --scope, or in the admin under API clients.")
        if not client.is_active:
            self._say("The client is inactive: none of its keys work until it is activated in the admin.")

    def _say(self, line: str) -> None:
        self.stderr.write(line, str)

    def _list(self, name: str) -> None:
        for key in keys_of_client(name):
            state = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "active"
            self.stdout.write(f"{key.prefix}…  created {key.created_at:%Y-%m-%d %H:%M}  {state}")

    def _revoke(self, name: str, prefix: str) -> None:
        revoked = revoke_api_keys(name, prefix)
        if not revoked:
            raise CommandError("The client has no active key with this prefix.")
        self.stdout.write(f"{revoked} revoked.")
