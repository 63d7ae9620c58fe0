"""Records the histories anew: real orders, real workers, a Temporal of its own.

`python -m tests.replay.record`, or with the names of some paths.
"""

import asyncio
import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path as File
from typing import Any

import django
from django.db import transaction
from temporalio.client import WorkflowExecutionStatus

import tests.plugin  # noqa: F401 - the settings of tests
from orders.actors import Actor
from orders.commands import OF_A_RETURN, RULES, Kind
from orders.lifecycle import Status
from stack.postgres import embedded_postgres
from stack.temporal import temporal_dev_server

HISTORIES = File(__file__).with_name("histories")
MAX_CONCURRENT = 4
# Long enough that a command comes in time, short enough to wait for.
TIMINGS = {"MANUAL_REVIEW_TIMEOUT": "4", "PAYMENT_PROCESSING_DELAY": "2", "SHIPPING_DELAY": "2"}


@contextlib.contextmanager
def everything(capture: str) -> Iterator[None]:
    """A database, a Temporal and both workers."""
    from tests.conftest import both_workers

    with tempfile.TemporaryDirectory(prefix="orderlife-test-") as name:
        directory = File(name)
        directory.chmod(0o711)
        os.environ |= {**TIMINGS, "PAYMENT_CAPTURE": capture, "SIMULATED_DIR": str(directory / "simulated")}
        with (
            embedded_postgres(directory / "postgres", fsync=False) as os.environ["DATABASE_URL"],
            temporal_dev_server(directory / "temporal") as os.environ["TEMPORAL_ADDRESS"],
        ):
            subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"], check=True)
            django.setup()
            with both_workers(directory):
                yield


def take(name: str) -> str:
    """Bring an order along a path; its id."""
    from tests.factories import ADDRESS, a_short_order, an_order, receive_stock, request_command, settled
    from tests.replay.paths import ARGUMENTS, PATHS

    arguments = {**ARGUMENTS, "update_address": {"address": {**ADDRESS.as_json(), "street": "5 Elm St"}}}
    path = PATHS[name]
    words = path.story.split()
    at_first = list(itertools.takewhile(RULES.__contains__, words))
    with transaction.atomic():
        order = a_short_order() if path.fields.get("short") else an_order(**path.fields)
        rows = [request_command(order, word, args=arguments.get(word)) for word in at_first]
    for word in words[len(at_first) :]:
        if word in RULES:
            if word == Kind.ALLOCATE_STOCK:
                receive_stock(order)
                rows.append(settled(request_command(order, word, actor=Actor.SYSTEM)))
                continue
            about = {"return": str(order.returns.get().pk)} if word in OF_A_RETURN else arguments.get(word)
            rows.append(settled(request_command(order, word, args=about, reason="A reason.")))
        else:
            arrives(order, word)
    for row in map(settled, rows):
        assert row.state == "applied", f"{name}: {row.kind} was {row.state}: {row.outcome}"
    return str(order.pk)


def arrives(order: Any, word: str) -> None:
    """Wait until the order stands there, waits for that, or that has happened to it."""
    from tests.conftest import eventually

    def there() -> bool:
        order.refresh_from_db()
        happened = word not in set(Status) and order.events.filter(type=word).exists()
        return happened or word in (order.status, order.waiting_for)

    eventually(there, lambda: f"{order.status}, not {word}")


def transitions(order_id: str) -> list[list[str]]:
    """What moved the order: from, on, to."""
    from orders.models import Event

    found, before = [], ""
    for event in Event.objects.filter(order_id=order_id).order_by("seq"):
        if event.status != before and before:
            found.append([before, event.type, event.status])
        before = event.status
    return found


async def histories(order_id: str) -> list[dict[str, Any]]:
    """The histories of every workflow of the order, once all of them have ended."""
    from orders.models import Command
    from workflows.client import connect

    names = {"refund": "refund", "request_return": "return"}
    asked = Command.objects.filter(order_id=order_id, kind__in=names)
    others = [f"{names[row.kind]}-{row.pk}" async for row in asked]
    ids = [f"order-{order_id}", f"shipping-{order_id}", *others]
    client = await connect()
    found = []
    await client.get_workflow_handle(ids[0]).result()
    for _ in range(50):
        query = " OR ".join(f"WorkflowId = '{workflow_id}'" for workflow_id in ids)
        listed = [execution async for execution in client.list_workflows(query)]
        if len({execution.id for execution in listed} & {ids[0], *others}) == 1 + len(others) and not any(
            execution.status is WorkflowExecutionStatus.RUNNING for execution in listed
        ):
            break
        await asyncio.sleep(0.1)
    for execution in sorted(listed, key=lambda execution: execution.start_time):
        handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        found.append({"id": execution.id, "history": nameless((await handle.fetch_history()).to_json_dict())})
    return found


def nameless(value: Any) -> Any:
    """Without the names of the processes and the machine that took part."""
    if isinstance(value, dict):
        return {name: nameless(part) for name, part in value.items() if name not in ("identity", "lastWorkerIdentity")}
    if isinstance(value, str) and re.match(r"\d+@", value):  # a worker's own queue
        return "a worker"
    return [nameless(part) for part in value] if isinstance(value, list) else value


def write(name: str, order_id: str) -> None:
    """Write a path's file, with an event a line."""
    workflows = asyncio.run(histories(order_id))
    lines = [f'{{"transitions": {json.dumps(transitions(order_id))},\n "workflows": [']
    for number, workflow in enumerate(workflows):
        events = ",\n".join(json.dumps(event) for event in workflow["history"]["events"])
        lines.append(
            f'{"," if number else ""}{{"id": {json.dumps(workflow["id"])}, "history": {{"events": [\n{events}]}}}}'
        )
    (HISTORIES / f"{name}.json").write_text("\n".join([*lines, "]}", ""]))


def record(chosen: list[str]) -> None:
    """Take these paths, or every one, and write their histories; with each PAYMENT_CAPTURE in a process of its own."""
    from tests.replay.paths import EARLIER, PATHS

    names = chosen or list(PATHS)
    captures = sorted({PATHS[name].capture for name in names})
    if len(captures) > 1:
        for capture in captures:
            alike = [name for name in names if PATHS[name].capture == capture]
            subprocess.run([sys.executable, "-m", "tests.replay.record", *alike], check=True)
        return
    HISTORIES.mkdir(exist_ok=True)
    with everything(*captures), ThreadPoolExecutor(MAX_CONCURRENT) as threads:
        for name, order_id in zip(names, threads.map(take, names), strict=True):
            write(name, order_id)
            sys.stdout.write(f"{name}: {(HISTORIES / name).with_suffix('.json').stat().st_size} bytes\n")
        for file in HISTORIES.glob("*.json"):
            if file.stem not in {*PATHS, *EARLIER}:
                file.unlink()


if __name__ == "__main__":
    from workflows.shutdown import end_process

    os.environ["DJANGO_SETTINGS_MODULE"] = "orderlife.settings"
    record(sys.argv[1:])
    end_process(0)
