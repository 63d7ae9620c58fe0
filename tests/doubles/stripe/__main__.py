"""Runs the double as a process: `python -m tests.doubles.stripe --port N --books FILE`; it ends at SIGTERM."""

import argparse
import signal
from pathlib import Path

from tests.doubles.stripe.double import WEBHOOK_SECRET, StripeDouble


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.doubles.stripe")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--books", type=Path)
    parser.add_argument("--webhook-url", default="")
    parser.add_argument("--webhook-secret", default=WEBHOOK_SECRET)
    given = parser.parse_args()
    # Blocked before any thread starts, so that none of them is interrupted by it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with StripeDouble(
        port=given.port, books=given.books, webhook_url=given.webhook_url, webhook_secret=given.webhook_secret
    ) as double:
        print(f"The Stripe double listens on {double.url}.", flush=True)  # noqa: T201 - it says when it is ready
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
