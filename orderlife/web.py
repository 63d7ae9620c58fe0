"""Time limits of the web server process, where each waiting request occupies a thread."""

from django.conf import settings
from django.core.signals import request_started
from django.db import connections

from orders.services.state.lock_waits import lock_waits
from workflows.connections import drop_dead_connections, rely_on_dropping

# A process has 4 to 8 threads; at most this many may wait for one locked order.
MAX_LONG_WAITS_FOR_ONE_ORDER = 2


def check_connections_without_a_query() -> None:
    """Drop dead connections when a request begins, instead of Django's health check, which costs a query."""
    rely_on_dropping()
    request_started.connect(lambda **_: drop_dead_connections(), weak=False, dispatch_uid="drop_dead_connections")


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
