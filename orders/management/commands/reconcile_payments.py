"""manage.py reconcile_payments."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from orders.errors import GatewayUnavailable
from orders.models import PaymentDiscrepancy
from orders.services.payments.reconciliation import reconcile

DAYS = 7


class Command(BaseCommand):
    """The order worker does the same once a day."""

    help = (
        "Compare our payments with the payment gateway's. Prints each difference; refunds that were made elsewhere are "
        "recorded, missing outcomes are queried, all else waits for a person. Nothing is charged. Exit code 1: "
        "differences are open."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """From when on."""
        parser.add_argument(
            "--since",
            type=_moment,
            help=f"payments begun since this date (2026-03-28) or time (default: {DAYS} days ago)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each difference as it is found."""
        since = options["since"] or timezone.now() - timedelta(days=DAYS)
        found, is_open = 0, 0
        try:
            for row in reconcile(since=since):
                found, is_open = found + 1, is_open + (row.state == PaymentDiscrepancy.State.OPEN)
                self.stdout.write(_line(row))
        except (GatewayUnavailable, ImproperlyConfigured) as error:
            raise CommandError(f"Not everything was compared: {error}") from error
        self.stdout.write(f"{found} differences since {since:%Y-%m-%d %H:%M}, {is_open} open.")
        if is_open:
            raise SystemExit(1)


def _line(row: PaymentDiscrepancy) -> str:
    about = f"order {row.order.code}" if row.order else "no order"
    return (
        f"{row.get_kind_display()} ({row.state}): {about}, {row.gateway} {row.reference or 'without reference'}, "
        f"here {row.expected_in_words}, there {row.found_in_words}."
    )


def _moment(text: str) -> datetime:
    day = parse_date(text)
    moment = datetime(day.year, day.month, day.day) if day else parse_datetime(text)  # noqa: DTZ001 - made aware below
    if moment is None:
        raise ArgumentTypeError("must be a date or a time, such as 2026-03-28 or 2026-03-28T09:00")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
