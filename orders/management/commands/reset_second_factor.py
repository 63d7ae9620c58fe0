"""Take a lost second factor from somebody of the staff."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from orders.management.typed import typed
from orders.services.staff.second_factor import forget


class Command(BaseCommand):
    """They log in with their password and set up another."""

    help = "Take a lost second factor from somebody of the staff; they set up another when they log in."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        """Forget the app and the backup codes."""
        username = typed("username", options["username"])
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"Nobody is called {username}.")
        forget(user)
        print(f"{user.username} sets up a new second factor at the next login.")
