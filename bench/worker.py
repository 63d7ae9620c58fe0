"""A worker command of the product, with other options for Temporal's workers: `python -m bench.worker COMMAND`.

`BENCH_WORKER` holds the options of `temporalio.worker.Worker` as JSON. Without it, it is `manage.py COMMAND`.
"""

import json
import os
import sys
from functools import partial
from importlib import import_module
from typing import Any


def main(command: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderlife.settings")
    from django.core.management import execute_from_command_line

    if options := os.environ.get("BENCH_WORKER"):
        _use(json.loads(options))
    execute_from_command_line(["manage.py", command])


def _use(options: dict[str, Any]) -> None:
    import django

    django.setup()
    module: Any = import_module("workflows.worker")
    module.Worker = partial(module.Worker, **options)


if __name__ == "__main__":
    main(sys.argv[1])
