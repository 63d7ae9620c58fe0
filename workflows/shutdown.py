"""Ends a process that has used a Temporal client."""

import contextlib
import logging
import os
import sys
from typing import NoReturn


def end_process(code: int) -> NoReturn:
    """End the process at once, with this exit code.

    A process that shuts down right after a call of a Temporal client crashes now and then (sdk-python issue 300), so
    the interpreter's own shutdown is skipped.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # the reader has gone
            stream.flush()
    os._exit(code)
