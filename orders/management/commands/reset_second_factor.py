"""Take a lost second factor from somebody of the staff."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from orders.management.typed import typed
from orders.services.staff.second_factor import forget


class Command(BaseCommand):
    """They log in with their password and set up another."""

    help = "Reset a staff member's two-factor authentication. They set it up again at the next login."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        """Forget the app and the backup codes."""
        username = typed("username", options["username"])
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username}.")
        forget(user)
        print(f"Two-factor authentication of {user.username} reset. It must be set up again at the next login.")
