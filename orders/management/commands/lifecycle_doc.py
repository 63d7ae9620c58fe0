"""manage.py lifecycle_doc."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orders.lifecycle_doc import document


class Command(BaseCommand):
    """Makes docs/lifecycle.md; needs no database."""

    help = "Print, write or check docs/lifecycle.md, generated from the state machine."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do with it."""
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--write", action="store_true", help="write docs/lifecycle.md")
        instead.add_argument("--check", action="store_true", help="exit 1 if docs/lifecycle.md differs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it."""
        page = Path(settings.BASE_DIR) / "docs" / "lifecycle.md"
        if options["write"]:
            page.write_text(document())
        elif not options["check"]:
            self.stdout.write(document(), ending="")
        elif not page.exists() or page.read_text() != document():
            raise CommandError("docs/lifecycle.md differs from the code: run `manage.py lifecycle_doc --write`.")
