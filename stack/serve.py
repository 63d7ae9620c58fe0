"""`make up`: places a first order, prints how to go on, and runs until Ctrl-C."""

import os
import shutil
from typing import NoReturn

from stack.api import Api, ApiError
from stack.launch import STAFF, Stack
from stack.orders import DELAYS, DemoError, Followed, delay, delivered
from stack.postgres import BINARIES

# With longer delays, the first order is not waited for.
WORTH_WAITING = 60.0


def serve(stack: Stack, api: Api) -> NoReturn:
    """Show that it works, print the addresses, and supervise the children until `tick` raises."""
    first_order(stack, api)
    introduce(stack, api)
    while True:
        stack.tick()


def first_order(stack: Stack, api: Api) -> None:
    """Place an order and follow it. If it is not delivered, that is printed, and the stack keeps running."""
    say = stack.terminal.line
    say()
    try:
        order = Followed.place(api, "your first order", say)
        if sum(map(delay, DELAYS)) > WORTH_WAITING:
            say("  The configured delays are long, so the order is not followed to its end.")
            return
        for _ in delivered(order):
            stack.tick()
        say(f"  Customer page: {order.placed['tracking_url']}")
    except (DemoError, ApiError) as error:
        say(f"  {error}. See the logs: {stack.parts.data.logs}", style="bold")


def introduce(stack: Stack, api: Api) -> None:
    """Print every address, the login, and a command to paste."""
    say, parts = stack.terminal.line, stack.parts
    psql = shutil.which("psql") or BINARIES / "psql"
    say()
    for title, value in (
        ("Customer pages", f"{parts.web}/track/"),
        ("Admin", f"{parts.web}/admin/   login {STAFF}, password {parts.secrets['STAFF_PASSWORD']}"),
        ("API docs", f"{parts.web}/docs"),
        ("Temporal UI", parts.temporal_ui),
        ("Temporal", parts.dev_server.address),
        ("Database", f"{psql} {parts.cluster.url()}"),
        ("Emails", os.environ.get("EMAIL_URL") or f"{parts.data.mails}/"),
        ("Logs", f"{parts.data.logs}/"),
    ):
        say(f"{title:<14} {value}")
    say()
    say("Place an order:")
    say(api.curl())
    say()
    say("Everything is running. Press Ctrl-C to stop.")
