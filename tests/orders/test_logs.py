"""Log lines for a machine."""

import json
import os
import subprocess
import sys

LINES = """
import logging, django
django.setup()
log = logging.getLogger("orders.test")
log.warning("%s orders wait", 3)
try:
    raise KeyError("sku")
except KeyError:
    log.exception("It failed.")
"""


def test_each_line_is_one_json_object_with_its_exception_in_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LINES],
        env={**os.environ, "LOG_FORMAT": "json", "DJANGO_SETTINGS_MODULE": "orderlife.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = map(json.loads, done.stderr.splitlines())
    assert (first["event"], first["level"], first["logger"]) == ("3 orders wait", "warning", "orders.test")
    assert first["timestamp"].endswith("Z")
    assert "KeyError" in second["exception"]
