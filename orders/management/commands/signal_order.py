"""manage.py signal_order ORDER KIND."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.actors import Actor
from orders.address import FIELDS
from orders.commands import RULES, CommandState, Kind
from orders.errors import OrderError
from orders.management.follow import follow, outcome
from orders.management.typed import typed
from orders.models import Command as CommandRow
from orders.selectors.commands import outcome_of
from orders.selectors.orders import order_by_name
from orders.services.commands.issue import issue_command
from orders.services.commands.rows import CommandRequest

KINDS = {kind.replace("_", "-"): kind for kind, rule in RULES.items() if rule.signal or rule.by_relay}
FAR = 10.0**9


class Command(BaseCommand):
    """Writes a command row, as the API does; the relay signals the order's workflow with it."""

    help = "Send a command to an order, such as cancel, update-address or cancel-payment, and follow it live."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which order, and what of it."""
        parser.add_argument("order", help="the order's id or its code")
        parser.add_argument("kind", choices=sorted(KINDS), help="the command")
        parser.add_argument("--reason", default="", help="the reason")
        parser.add_argument("--payment-method", help="for retry-payment: the new token")
        parser.add_argument("--carrier", help="for ship: the carrier, if known")
        parser.add_argument("--tracking-number", help="for ship: the parcel's tracking number, if it has one")
        for name in FIELDS:
            parser.add_argument(f"--{name.replace('_', '-')}", help="for update-address")
        parser.add_argument("--no-follow", action="store_true", help="stop once the command has an outcome")
        parser.add_argument("--timeout", type=float, default=FAR, metavar="SECONDS", help="stop after this time")

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue it, and show its outcome."""
        try:
            order = order_by_name(typed("order", options["order"]))
            row = issue_command(order.pk, _intention(options))
        except OrderError as error:
            raise CommandError(error.message) from None
        try:
            self._show(outcome_of(row.pk, within=options["timeout"], client="shell"))
            if not options["no_follow"]:
                order = follow(order, self.stdout.write, after=order.event_seq, seconds=options["timeout"])
                self.stdout.write(outcome(order))
        except KeyboardInterrupt:
            self.stdout.write("Stopped following. The command and the order continue.")

    def _show(self, row: CommandRow) -> None:
        if row.state == CommandState.REJECTED:
            raise CommandError(f"Rejected: {row.outcome}")
        prefix = "Applied" if row.state == CommandState.APPLIED else "Recorded, not applied yet"
        self.stdout.write(f"{prefix}: {row.kind} ({row.pk}). {row.outcome}".rstrip())


def _intention(options: dict[str, Any]) -> CommandRequest:
    kind = Kind(KINDS[options["kind"]])
    args: dict[str, object] = {}
    if kind is Kind.UPDATE_ADDRESS:
        args["address"] = {name: typed(name, options[name]) for name in FIELDS if options[name]}
    if kind is Kind.RETRY_PAYMENT and options["payment_method"]:
        args["payment_method"] = typed("payment_method", options["payment_method"])
    if kind is Kind.SHIP:
        args |= {name: typed(name, options[name]) for name in ("carrier", "tracking_number") if options[name]}
    reason = typed("reason", options["reason"], multiline=True)
    return CommandRequest(kind=kind, actor=Actor.OPERATOR, reason=reason, args=args)
