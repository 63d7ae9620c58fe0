"""What holds in a process of the web server alone: nobody waits long there, because each wait takes a thread."""

from django.conf import settings
from django.db import connections

from orders.services.state.lock_waits import lock_waits

# A process has 4 to 8 threads: so many may be taken by one order that somebody holds.
MAX_LONG_WAITS_FOR_ONE_ORDER = 2


def bound_waits() -> None:
    """Let this process's connections give up on locks and statements that take too long.

    `wsgi.py` calls it, before the first connection is opened. So it is the web server, whatever serves it; workers and
    the other commands of `manage.py` never load that module, and wait for as long as it takes.
    """
    options = connections.settings["default"].setdefault("OPTIONS", {})
    bounds = {"lock_timeout": settings.WEB_LOCK_TIMEOUT, "statement_timeout": settings.WEB_STATEMENT_TIMEOUT}
    ours = " ".join(f"-c {name}={round(seconds * 1000)}" for name, seconds in bounds.items())
    # What the installation itself sets in DATABASE_URL comes later, and wins.
    options["options"] = f"{ours} {options.get('options', '')}".strip()
    lock_waits.bound(MAX_LONG_WAITS_FOR_ONE_ORDER)
