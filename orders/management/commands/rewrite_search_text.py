"""manage.py rewrite_search_text."""

from typing import Any

from django.core.management.base import BaseCommand

from orders.services.state.search_index import rewrite_all


class Command(BaseCommand):
    """After an upgrade during which older processes placed orders, or when the rules of the words have changed."""

    help = "Set the words by which orders are found anew, of every order whose words are not what they should be."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them, and say of how many orders."""
        self.stdout.write(f"The words of {rewrite_all()} orders were written anew.")
