"""Time limits of the web server process, where each waiting request occupies a thread."""

from django.conf import settings
from django.db import connections

from orders.services.state.lock_waits import lock_waits

# A process has 4 to 8 threads; at most this many may wait for one locked order.
MAX_LONG_WAITS_FOR_ONE_ORDER = 2


def bound_waits() -> None:
    """Limit how long this process's connections wait for locks and statements.

    `wsgi.py` calls it before the first connection is opened, so it applies to the web server, whichever runs it.
    Workers and management commands never import that module, and wait without limit.
    """
    options = connections.settings["default"].setdefault("OPTIONS", {})
    bounds = {"lock_timeout": settings.WEB_LOCK_TIMEOUT, "statement_timeout": settings.WEB_STATEMENT_TIMEOUT}
    ours = " ".join(f"-c {name}={round(seconds * 1000)}" for name, seconds in bounds.items())
    # Options set in DATABASE_URL come later and take precedence.
    options["options"] = f"{ours} {options.get('options', '')}".strip()
    lock_waits.bound(MAX_LONG_WAITS_FOR_ONE_ORDER)
