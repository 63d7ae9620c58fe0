"""Runs the web server: `python -m orderlife.server --host 127.0.0.1 --port 8000`, as `make up`, Docker and tests do."""

import argparse
import logging
import resource
import signal
import sys

from django.conf import settings

from orderlife.server.cores import usable_cores
from orderlife.server.listener import Listener
from orderlife.server.processes import AWAITED, Parent
from orderlife.server.sharing import Share, bound
from orderlife.wsgi import application
from orders.api.unread import reads_body
from orders.bodies import max_body

# Of each process. Each thread holds a connection to PostgreSQL while it answers.
THREADS = 8
# With more cores than this, WEB_PROCESSES must say so: PostgreSQL has to accept the connections of all threads.
MAX_PROCESSES_BY_DEFAULT = 8
# The most connections of a process at once. Each takes a file descriptor, and with some answers two.
MAX_CONNECTIONS = 4096
RESERVED_FILES = 256


def main() -> int:
    """Serve until SIGTERM or SIGINT; returns 0 after an orderly shutdown."""
    given = _arguments()
    logging.getLogger("orderlife.access").setLevel(logging.INFO if given.access_log else logging.WARNING)
    # A log line for every request that waits for a thread would be most of the log under load.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    processes = given.processes or min(usable_cores(), MAX_PROCESSES_BY_DEFAULT)
    if processes == 1:
        _log_address(given, "one process")
        return _serve(given)
    listening = bound(given.host, given.port)
    _log_address(given, f"{processes} processes")
    return Parent(listening, processes, lambda share: _serve(given, share)).run()


def _serve(given: argparse.Namespace, share: Share | None = None) -> int:
    """Serve in this process, by itself or as one of several."""
    listener = Listener(
        application,
        listen=f"{given.host}:{given.port}",
        share=share,
        threads=given.threads,
        max_connections=min(MAX_CONNECTIONS, (_open_files() - RESERVED_FILES) // 2),
        max_body=max_body,
        reads_body=reads_body,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: listener.stop())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, AWAITED)
    listener.serve()
    return 0


def _log_address(given: argparse.Namespace, by: str) -> None:
    logging.getLogger(__name__).info("Serving on http://%s:%s with %s", given.host, given.port, by)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m orderlife.server", description="Serves Orderlife over HTTP/1.1.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--threads", type=int, default=THREADS, help="requests that each process answers at once")
    parser.add_argument(
        "--processes",
        type=int,
        default=settings.WEB_PROCESSES,
        help=f"processes that serve; 0: one for each usable core, at most {MAX_PROCESSES_BY_DEFAULT}",
    )
    parser.add_argument("--access-log", action="store_true", help="write a line for each request, without its query")
    given = parser.parse_args()
    if given.processes < 0:
        parser.error("--processes (or WEB_PROCESSES) is less than 0.")
    return given


def _open_files() -> int:
    """The limit of open files of this process, after raising it as far as possible."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS * 2 + RESERVED_FILES
    soft = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))
    return soft


if __name__ == "__main__":
    sys.exit(main())
