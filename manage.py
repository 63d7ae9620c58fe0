#!/usr/bin/env python
"""The command line of Orderlife."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured


def main() -> None:
    """Run a management command; a missing setting or a text that is none is one line on stderr, not a traceback."""
    for position, text in enumerate(sys.argv[1:], 1):
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            # So Python passes on what the terminal sent in another encoding than its own.
            sys.exit(f"Argument {position} is not valid {sys.getfilesystemencoding()}: {text!a}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderlife.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    try:
        settings.DATABASES  # noqa: B018 - touching it loads the settings, which say what is missing
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
