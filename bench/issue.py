"""Issues commands through the product's own service: `python -m bench.issue`, a dialogue on stdin and stdout.

Told the id of an order, or `fresh` for one that it places first, it cancels it, and answers with the command's id and
the time right after the commit, in seconds since the epoch.
"""

import json
import os
import sys
import time
from uuid import UUID

import django


def main() -> None:
    from bench.place import orders
    from orders.actors import Actor
    from orders.commands import Kind
    from orders.services.commands.issue import issue_command
    from orders.services.commands.rows import CommandRequest

    while line := sys.stdin.readline().strip():
        order_id = next(orders(1)) if line == "fresh" else line
        command = issue_command(
            UUID(order_id), CommandRequest(kind=Kind.CANCEL, actor=Actor.OPERATOR, reason="a benchmark")
        )
        print(json.dumps([str(command.pk), time.time()]), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderlife.settings")
    django.setup()
    main()
