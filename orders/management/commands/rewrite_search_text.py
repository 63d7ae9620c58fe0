"""manage.py rewrite_search_text."""

from typing import Any

from django.core.management.base import BaseCommand

from orders.services.state.search_index import rewrite_all


class Command(BaseCommand):
    """After an upgrade during which older processes placed orders, or when the rules of the words have changed."""

    help = "Rebuild the search text of all orders whose search text is out of date."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them, and say of how many orders."""
        self.stdout.write(f"Search text of {rewrite_all()} orders rebuilt.")
